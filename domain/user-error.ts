import { formatFinding, type Finding } from "./finding.ts";

/** What a person did or met and can repair: printed without a stack. Anything else that is thrown is our defect. */
export class UserError extends Error {
  /** Everything that was found in the pass, for `--json`; empty where the error stands alone. */
  readonly findings: readonly Finding[];
  /** Stable and kebab-case; the first finding's where there are findings. */
  readonly code: string;

  private constructor(message: string, code: string, findings: readonly Finding[], options?: ErrorOptions) {
    super(message, options);
    this.name = "UserError";
    this.code = code;
    this.findings = findings;
  }

  /**
   * @param problem - what is wrong, with the offending name: lower case, no full stop, never a value.
   * @param fix - the repair, as a command where there is one.
   */
  static of(code: string, problem: string, fix: string, options?: ErrorOptions): UserError {
    return new UserError(`${problem}\n  fix: ${fix}`, code, [], options);
  }

  /** All findings of one pass together; throws nothing away. `findings` must not be empty. */
  static from(findings: readonly Finding[]): UserError {
    return new UserError(findings.map(formatFinding).join("\n"), findings[0]?.code ?? "finding", findings);
  }
}
