import { safeLine } from "./safe-text.ts";
import type { Stage } from "./stage.ts";

/** error: the command stops. warning: reported, the command continues. note: for information. */
export type Severity = "error" | "warning" | "note";

/** One thing found in one pass over something. Holds names and places, never a secret's value. */
export interface Finding {
  /** Stable and kebab-case, such as `dotenv-names-collide`; scripts may rely on it. */
  readonly code: string;
  readonly stage: Stage;
  readonly severity: Severity;
  /** `file:line`, `namespace/name` or the like; left out where the subject says it. */
  readonly where?: string;
  /** The offending name: a variable, a secret, a setting's key. */
  readonly subject: string;
  /** What is wrong, with both culprits of a conflict: lower case, no full stop. */
  readonly problem: string;
  /** What to do, as a command where there is one. */
  readonly fix: string;
  /** Entries of `adopt:` that take over what exists: resource of the program -> id. */
  readonly adopt?: Readonly<Record<string, string>>;
  /** Where to read on: headings of `docs/incidents.md`, issues of other projects. */
  readonly see?: string;
  /** The exemption of the rule that holds or has ended, with its owner and reason. */
  readonly exempt?: string;
}

export function errorFinding(
  code: string,
  stage: Stage,
  subject: string,
  problem: string,
  fix: string,
  where?: string,
): Finding {
  return { code, stage, severity: "error", ...(where === undefined ? {} : { where }), subject, problem, fix };
}

/** `stage: where: problem`, and the fix on its own line. Names can come from a foreign file, so line breaks are escaped. */
export function formatFinding({ stage, severity, where, problem, fix, exempt }: Finding): string {
  const mark = severity === "error" ? "" : `${severity}: `;
  const exemption = exempt === undefined ? [] : [`  exempt: ${exempt}`];
  const place = where === undefined ? "" : `${where}: `;
  return [`${stage}: ${mark}${place}${problem}`, `  fix: ${fix}`, ...exemption].map(safeLine).join("\n");
}

export function errorsOf(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(({ severity }) => severity === "error");
}
