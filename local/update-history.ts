import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { LocalHome } from "./home.ts";

/** Updates of a stack that a home remembers. */
const keptUpdates = 20;

/**
 * Removes what Pulumi's file backend keeps of old updates: for each a record and a copy of the state, and it never removes
 * one. Call it while the home is locked and no engine runs.
 *
 * @param kept - the last ones of each stack. @default 20
 */
export function pruneUpdateHistory({ pulumi }: Pick<LocalHome, "pulumi">, kept: number = keptUpdates): void {
  const history = join(pulumi.stateDir, ".pulumi", "history");
  if (!existsSync(history)) return;
  const files = readdirSync(history, { recursive: true, encoding: "utf8" });
  // <project>/<stack>/<stack>-<nanoseconds>.history.json, .checkpoint.json; compressed or with attributes, more
  const updates = Map.groupBy(files, (file) => /^(.*-\d{10,})\.(?:history|checkpoint)\.[^/]*$/.exec(file)?.[1]);
  const stacks = Map.groupBy(
    [...updates.keys()].filter((update) => update !== undefined),
    (update) => update.slice(0, update.lastIndexOf("-")),
  );
  for (const ofStack of stacks.values()) {
    const old = ofStack.toSorted((a, b) => a.length - b.length || (a < b ? -1 : 1)).slice(0, -kept);
    for (const file of old.flatMap((update) => updates.get(update) ?? [])) rmSync(join(history, file));
  }
}
