import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import { localHome, type LocalHome } from "../../local/home.ts";
import type { Change } from "./engine/run-log.ts";

/** What this run changed, by stage; one line each, a long stage cut. */
export function formatChanges(changes: readonly Change[]): string {
  if (changes.length === 0) return "nothing changed";
  const shown = 6;
  const stages = Map.groupBy(changes, ({ stage }) => stage);
  const lines = [...stages].flatMap(([stage, of]) => [
    ...of.slice(0, shown).map(({ operation, name, differs }) => {
      const what = operation === "update" && differs.length > 0 ? ` (${differs.slice(0, 3).join(", ")})` : "";
      return `  ${stage}: ${operation} ${name}${what}`;
    }),
    ...(of.length > shown ? [`  ${stage}: and ${of.length - shown} more`] : []),
  ]);
  return `${changes.length} changed:\n${lines.join("\n")}`;
}

/**
 * The command that does what a preview has shown: with every option that it was shown with. Without `--refresh` what was
 * deleted by hand counts as still there, and there may be nothing to change.
 */
export function confirmedUp(options: {
  readonly stack: string;
  readonly refresh: boolean;
  readonly approved: string | undefined;
  readonly dotenv: readonly string[] | undefined;
}): string {
  const { stack, refresh, approved, dotenv = [] } = options;
  return [
    "ameide-secrets up",
    ...(refresh ? ["--refresh"] : []),
    `--stack ${stack}`,
    ...dotenv.map((file) => `--dotenv ${file}`),
    ...(approved === undefined ? [] : [`--approved ${approved}`]),
    "--yes",
  ].join(" ");
}

/**
 * The command that writes what `env push` has shown, with every option that it was shown with: of another file the values
 * are others.
 */
export function confirmedPush(options: {
  readonly stack: "shared" | "local";
  readonly dotenv?: readonly string[];
  readonly overwrite?: readonly string[];
}): string {
  const { stack, dotenv = [], overwrite = [] } = options;
  return [
    `ameide-secrets env push --stack ${stack}`,
    ...dotenv.map((file) => `--dotenv ${file}`),
    ...overwrite.map((name) => `--overwrite ${name}`),
    ...(stack === "local" ? [] : ["--yes"]),
  ].join(" ");
}

/** Where to look, where the values lie, how to stop. */
export function closingWords({
  home,
  stack,
  envFiles,
  kubectl,
  seconds,
}: {
  readonly home: LocalHome;
  readonly stack: EnvironmentStack;
  readonly envFiles: readonly string[];
  readonly kubectl: string;
  readonly seconds: number;
}): string {
  const first = stack.plan.deliveries[0];
  const where = home.dir === localHome().dir ? "" : ` --home ${home.dir}`;
  return [
    `The chain stands after ${seconds.toFixed(0)} s. Its values come from ${envFiles.join(", ")} and lie under ${home.dir}, readable by you only.`,
    "",
    "look at one:  " +
      (first === undefined
        ? `${kubectl} --kubeconfig ${home.kubeconfig} get secrets -A`
        : `${kubectl} --kubeconfig ${home.kubeconfig} get secret ${first.target} -n ${first.namespace} -o yaml`),
    `see it again: npx --no-install ameide-secrets local status${where}`,
    `stop it:      npx --no-install ameide-secrets local down${where}            (--delete forgets its values, too)`,
  ].join("\n");
}
