import type { Lineage } from "../../diagnose/lineage.ts";
import { command, type FlagsOf } from "../command.ts";
import { listed, table } from "../table.ts";
import { dotenvOption, observed, stackOptions } from "./options.ts";

const options = [
  ...stackOptions,
  { ...dotenvOption, summary: "also compare with this .env; can be repeated" },
] as const;

export const lineage = command({
  name: "lineage",
  summary:
    "follow one secret through the pipeline: versions, times, writers, and the first difference; prints no value",
  arguments: [{ name: "<name>", summary: "secret of the catalogue, such as ghcr-token" }],
  options,
  examples: [
    "ameide-secrets lineage ghcr-token --stack dev",
    "ameide-secrets lineage ghcr-token --stack local --dotenv .env.example",
  ],
  async run(flags, { io, args: [name = ""] }) {
    const { lineage: follow } = await import("../../diagnose/lineage.ts");
    const { stack, snapshot } = await compared(flags);
    const line = follow(snapshot, stack, name);
    const ok = line.firstDifference === undefined && line.unproven.length === 0;
    return { json: line, text: formatLineage(line, io.columns), ok };
  },
});

export const drift = command({
  name: "drift",
  summary: "list secrets that differ between two steps or could not be read; compares by keyed hash",
  options,
  examples: ["ameide-secrets drift --stack prod", "ameide-secrets drift --stack dev --json"],
  async run(flags, { io }) {
    const { drift: find } = await import("../../diagnose/lineage.ts");
    const { stack, snapshot } = await compared(flags);
    const lines = find(snapshot, stack);
    return { json: lines, text: formatDrift(lines, stack.name, io.columns), ok: lines.length === 0 };
  },
});

async function compared(flags: FlagsOf<typeof options>) {
  const { readValues } = await import("../operate/read-values.ts");
  const dotenv = flags.dotenv && readValues(flags.stack === "local" ? "local" : "shared", flags.dotenv);
  return observed(flags, { compareValues: true, ...(dotenv && { dotenv }) });
}

/** What `lineage` prints: one step per line, `=` if it has the same value as the step before; then the result and the fix. */
export function formatLineage({ name, hops, firstDifference, fix, unproven }: Lineage, columns?: number): string {
  const rows = hops.map(({ place, state, version, changedAt, writer, sameAsBefore, note }) => [
    sameAsBefore === undefined ? " " : sameAsBefore ? "=" : "≠",
    place,
    state,
    version?.slice(0, 8) ?? "-",
    changedAt?.replace(/T(\d\d:\d\d).*/, " $1") ?? "-",
    writer ?? note ?? "-",
  ]);
  const same = unproven.length === 0 ? ["every step has the same value"] : [];
  return [
    name,
    table(["", "PLACE", "STATE", "VERSION", "CHANGED (UTC)", "BY"], rows, columns),
    ...(firstDifference === undefined ? same : [`first difference: ${firstDifference}`]),
    ...unproven.map((place) => `not compared: ${place}`),
    ...(fix === undefined ? [] : [`  fix: ${fix}`]),
  ].join("\n");
}

/** What `drift` prints: "nothing" only if every secret was compared. `stack` is for the fix. */
export function formatDrift(lines: readonly Lineage[], stack: string, columns?: number): string {
  if (lines.length === 0) return "no secret differs";
  const differing = lines.filter(({ firstDifference }) => firstDifference !== undefined);
  const unproven = lines.filter(({ firstDifference }) => firstDifference === undefined);
  if (unproven.length === 0) return differing.map((line) => formatLineage(line, columns)).join("\n\n");
  const reasons = new Set(unproven.flatMap(({ unproven: places }) => places.map(reasonOf)));
  const last = [
    `${differing.length === 0 ? "no secret is known to differ, but " : ""}${unproven.length} could not be compared: ${listed(unproven.map(({ name }) => name))}`,
    ...[...reasons].map((reason) => `  ${reason}`),
    `  fix: ameide-secrets doctor --prove --stack ${stack}`,
  ].join("\n");
  return [...differing.map((line) => formatLineage(line, columns)), last].join("\n\n");
}

/** `Key Vault ameidekv/ghcr-token: why` -> `Key Vault: why`, so that equal reasons are printed once. */
function reasonOf(place: string): string {
  return place.replace(/^(\.env|Key Vault|Vault|Secret) .*?: /, "$1: ");
}
