import { errorsOf, formatFinding, type Finding } from "./finding.ts";

/** An error that a person can fix: printed without a stack trace. Anything else that is thrown is our defect. */
export class UserError extends Error {
  /** Everything that was found in the pass, for `--json`; empty for a single error. */
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
   * @param fix - what to do, as a command where there is one.
   */
  static of(code: string, problem: string, fix: string, options?: ErrorOptions): UserError {
    return new UserError(`${problem}\n  fix: ${fix}`, code, [], options);
  }

  /** All findings of one pass together; throws nothing away. `findings` must not be empty. */
  static from(findings: readonly Finding[]): UserError {
    return new UserError(findings.map(formatFinding).join("\n"), findings[0]?.code ?? "finding", findings);
  }
}

/** @throws UserError with all errors among the findings, if there is one. */
export function throwErrors(findings: readonly Finding[]): void {
  const errors = errorsOf(findings);
  if (errors.length > 0) throw UserError.from(errors);
}
