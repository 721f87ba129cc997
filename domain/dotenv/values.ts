import type { Catalogue, ExternalSecret } from "../catalogue/catalogue.ts";
import { isFixture, isPlaceholder, isSample, isUnrendered } from "../catalogue/fixtures.ts";
import { contentRemarks, quotingRemarks } from "./remarks.ts";
import type { Variable } from "./files.ts";
import { errorFinding, type Finding, type Severity } from "../finding.ts";
import type { EnvironmentName } from "../stage.ts";
import { isPlaceholderShape } from "../value-shapes.ts";

/** Key Vault's limit for one value: 25 KB, as bytes of UTF-8. */
const maxValueInBytes = 25 * 1024;

interface Context {
  readonly secret: ExternalSecret;
  readonly catalogue: Catalogue;
  readonly environment: EnvironmentName | "shared";
  /** All variables of the files. @default - none */
  readonly assigned?: ReadonlySet<string>;
}

/** What is wrong with the value of an allowed variable; a message names the kind of a value, never a part of it. */
export function valueFindings(
  variable: Variable,
  { secret, catalogue, environment, assigned = new Set() }: Context,
): readonly Finding[] {
  const { name, value, where } = variable;
  const found: Finding[] = [];
  const report = (code: string, severity: Severity, problem: string, fix: string): void => {
    found.push({ code, stage: "dotenv", severity, where, subject: name, problem: `${name} ${problem}`, fix });
  };
  const refuse = (code: string, problem: string, fix: string) => report(code, "error", problem, fix);
  const warn = (code: string, problem: string, fix: string) => report(code, "warning", problem, fix);

  if (variable.cutByHash) refuse("dotenv-cut-by-hash", "is cut at an unquoted #", "put the value in single quotes");
  if (variable.strayQuote) {
    refuse(
      "dotenv-stray-quote",
      "begins with a quote that is not closed",
      "close the quote, or use another kind of quote",
    );
  }
  if (value.trim() === "") {
    refuse("dotenv-empty", "is empty", "set it, or remove the line: an absent name keeps its value");
    return found;
  }
  const bytes = Buffer.byteLength(value);
  if (bytes > maxValueInBytes) {
    const problem = `has ${bytes} bytes, but Key Vault accepts at most ${maxValueInBytes}`;
    refuse("dotenv-too-large", problem, "split or shorten it");
  }
  if (/[\r\n]/.test(value)) {
    const problem = "contains a line break; it is kept, but a portal or a shell may strip it";
    warn("dotenv-newline", problem, "base64 the value if its consumer can decode it");
  }
  if (/^[ \t]|[ \t]$/.test(value)) {
    warn("dotenv-padded", "begins or ends with a space; it is kept", "remove the space if it is not part of the value");
  }
  for (const { code, severity, problem, fix } of [...quotingRemarks(variable), ...contentRemarks(variable, assigned)]) {
    report(code, severity, problem, fix);
  }
  if (isUnrendered(value)) {
    refuse("dotenv-unrendered", "contains a template, {{ ... }}, which nothing fills in", "set the real value");
  }
  if (isPlaceholder(value, catalogue.fixtures) || isPlaceholderShape(value)) {
    refuse("dotenv-placeholder", "is a placeholder", "set the real value, or remove the line");
  } else if (isSample(value)) {
    if (environment !== "local") {
      refuse("dotenv-fixture", "is a sample value, which only local accepts", "set the real value");
    }
  } else if (isFixture(value, catalogue.fixtures)) {
    refuse("dotenv-fixture", "is a development value that is publicly known", "set the real value");
  }
  const minimum = secret.minLengthInCharacters;
  if (minimum !== undefined && value.length < minimum) {
    refuse("dotenv-too-short", `is shorter than ${minimum} characters`, "set the whole value");
  }
  return found;
}

/** Shorter values may well be equal: user names, ids. */
const comparedLength = 16;

/**
 * Secrets with one value: rotating one leaves the other behind, and two slots with one account revoke each other's token.
 *
 * @param variables - of external secrets, in order.
 */
export function sameValueFindings(
  variables: readonly Variable[],
): readonly { readonly at: Variable; readonly finding: Finding }[] {
  const first = new Map<string, Variable>();
  return variables.flatMap((variable) => {
    const { name, value, where } = variable;
    const other = first.get(value);
    if (value.length < comparedLength) return [];
    if (other === undefined) first.set(value, variable);
    if (other === undefined) return [];
    const problem = `${name} has the same value as ${other.name} (${other.where})`;
    const fix = "give each secret a value of its own, to rotate them independently";
    const finding = errorFinding("dotenv-same-value", "dotenv", name, problem, fix, where);
    return [{ at: variable, finding: { ...finding, severity: "warning" } }];
  });
}
