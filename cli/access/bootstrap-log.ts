import { UserError } from "../../domain/user-error.ts";
import type { BootstrapRun } from "./bootstrap-job.ts";

/**
 * @param problem - what that means for who asked for the run.
 * @param next - what is left to do once that is repaired. @default - nothing
 */
export function failedRun({ cause, log }: BootstrapRun, problem: string, next = ""): UserError {
  const { said, fix } = lastWords(log);
  return UserError.of(cause, `${problem}: ${said}`, next === "" ? fix : `${fix}; then ${next}`);
}

/** What a failed run says of itself, and what to do about it: its summary, or else the end of its log. */
export function lastWords(log: string): { readonly said: string; readonly fix: string } {
  const lines = log.trim().split("\n");
  const doctor = "ameide-secrets doctor --stack <stack>";
  const { problem, fix } = parsed(lines.at(-1) ?? "");
  if (problem !== undefined) {
    return { said: problem, fix: fix === undefined || fix === "" ? `${doctor} names the repair` : `${fix}; ${doctor} tells more` }; // prettier-ignore
  }
  // it was killed before it could sum up, or is another program
  const end = lines.slice(-5).filter((line) => line !== "");
  return {
    said: end.length === 0 ? "it left no log" : `its log ends with\n    ${end.join("\n    ")}`,
    fix: `${doctor} names the repair, docs/exit-codes.md#vault-bootstrap what each cause means`,
  };
}

/** What a dry run would do. @param mount - of the KV engine that it would write to. */
export function plannedWrites(log: string, mount: string): string {
  const writes = log.split("\n").flatMap((line) => {
    const { event, name, path, reason } = parsed(line);
    return event === "would-write"
      ? [`would write ${name} to Vault ${mount}/${path}${reason === undefined ? "" : `, ${reason}`}`]
      : [];
  });
  return writes.length === 0 ? "would write nothing" : writes.join("\n");
}

function parsed(line: string): Readonly<Record<string, string | undefined>> {
  try {
    return (JSON.parse(line) ?? {}) as Readonly<Record<string, string | undefined>>;
  } catch {
    return {}; // Node's own words
  }
}
