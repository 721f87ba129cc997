import { valueFindings } from "../../domain/dotenv/values.ts";
import type { ExternalSecret } from "../../domain/catalogue/secrets.ts";
import type { Catalogue } from "../../domain/catalogue/catalogue.ts";
import { errorsOf, type Finding } from "../../domain/finding.ts";
import { Redacted } from "../../domain/redacted.ts";
import { UserError } from "../../domain/user-error.ts";

/** Where a new value comes from; the process's standard input, but for tests. */
export interface ValueInput {
  /** Whether a person types there: that would be shown on the screen, and wait without a word. */
  readonly isTerminal: boolean;
  read(): string;
}

export interface NewValue {
  readonly value: Redacted;
  /** What is worth a second look and stops nothing, such as a line break. */
  readonly warnings: readonly Finding[];
}

/**
 * A new value from standard input, so that it stands in no history and no process list; one newline at its end is a
 * shell's, not the value's. It passes the checks that a value of `.env` passes: both end in the same Key Vault.
 *
 * @param options.stack - as given on the command line, for the repair.
 * @param options.environment - whose Key Vault it goes to.
 * @throws UserError where a person would have to type it, or with all that is wrong with it.
 */
export function newValue(options: {
  readonly name: string;
  readonly secret: ExternalSecret;
  readonly catalogue: Catalogue;
  readonly stack: string;
  readonly environment: "local" | "shared";
  readonly input: ValueInput;
}): NewValue {
  const { name, secret, catalogue, stack, environment, input } = options;
  const fix = `ameide-secrets rotate ${name} --stack ${stack}${environment === "shared" ? " --yes" : ""} < file`;
  if (input.isTerminal) {
    throw UserError.of("rotation-terminal", `the new value for ${name} would be shown on this terminal`, fix);
  }
  const value = input.read().replace(/\r?\n$/, "");
  const variable = { name, value, where: "standard input", place: 0, cutByHash: false, strayQuote: false };
  const findings = valueFindings(variable, { secret, catalogue, environment }).map((finding): Finding => {
    const code = finding.code.replace(/^dotenv-/, "rotation-");
    // the file's repairs speak of lines and quotes
    return {
      ...finding,
      code,
      stage: "key-vault",
      fix: finding.severity === "error" ? `give the whole, real value: ${fix}` : finding.fix,
    };
  });
  const errors = errorsOf(findings);
  if (errors.length > 0) throw UserError.from(errors);
  return { value: new Redacted(value), warnings: findings };
}
