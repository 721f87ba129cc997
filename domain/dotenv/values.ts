import type { Catalogue, ExternalSecret } from "../catalogue/catalogue.ts";
import { contentRemarks, quotingRemarks } from "./remarks.ts";
import type { Variable } from "./files.ts";
import type { Finding, Severity } from "../finding.ts";
import { isFixture, isPlaceholder, isSample, isUnrendered } from "../catalogue/fixtures.ts";
import { isPlaceholderShape } from "../value-shapes.ts";
import type { EnvironmentName } from "../stage.ts";

/** Key Vault's limit for one value: 25 KB, as bytes of UTF-8. */
const maxValueInBytes = 25 * 1024;

interface Context {
  readonly secret: ExternalSecret;
  readonly catalogue: Catalogue;
  readonly environment: EnvironmentName | "shared";
  /** All variables of the files. @default - none */
  readonly assigned?: ReadonlySet<string>;
}

/** What is wrong with the value of a variable that may stand in `.env`; says of the value only what kind it is. */
export function valueFindings(
  variable: Variable,
  { secret, catalogue, environment, assigned = new Set() }: Context,
): readonly Finding[] {
  const { name, value, where } = variable;
  const found: Finding[] = [];
  const report = (code: string, severity: Severity, problem: string, fix: string): void => {
    found.push({ code, stage: "dotenv", severity, where, subject: name, problem: `${name} ${problem}`, fix });
  };

  if (variable.cutByHash) {
    report("dotenv-cut-by-hash", "error", "is cut at an unquoted #", "put the value in single quotes");
  }
  if (variable.strayQuote) {
    report(
      "dotenv-stray-quote",
      "error",
      "begins with a quote that does not end it",
      "close the quote, or quote the other way",
    );
  }
  if (value.trim() === "") {
    report("dotenv-empty", "error", "is empty", "set it, or remove the line: a name that is absent stays as it is");
    return found;
  }
  const bytes = Buffer.byteLength(value);
  if (bytes > maxValueInBytes) {
    report(
      "dotenv-too-large",
      "error",
      `has ${bytes} bytes, Key Vault takes ${maxValueInBytes}`,
      "split or shorten it",
    );
  }
  if (/[\r\n]/.test(value)) {
    report(
      "dotenv-newline",
      "warning",
      "holds a line break; it is kept, but a portal or a shell may strip it",
      "base64 the value where its consumer can decode it",
    );
  }
  if (/^[ \t]|[ \t]$/.test(value)) {
    report(
      "dotenv-padded",
      "warning",
      "begins or ends with a space; it is kept",
      "take it out of the quotes if it is not meant",
    );
  }
  for (const { code, severity, problem, fix } of [...quotingRemarks(variable), ...contentRemarks(variable, assigned)]) {
    report(code, severity, problem, fix);
  }
  if (isUnrendered(value)) {
    report(
      "dotenv-unrendered",
      "error",
      "contains a template, {{ ... }}, which nothing fills in",
      "set the real value",
    );
  }
  if (isPlaceholder(value, catalogue.fixtures) || isPlaceholderShape(value)) {
    report("dotenv-placeholder", "error", "holds a placeholder", "set the real value, or remove the line");
  } else if (isSample(value)) {
    if (environment !== "local") {
      report("dotenv-fixture", "error", `holds a sample value, which only local accepts`, "set the real value");
    }
  } else if (isFixture(value, catalogue.fixtures)) {
    report("dotenv-fixture", "error", "holds a development value that is publicly known", "set the real value");
  }
  const minimum = secret.minLengthInCharacters;
  if (minimum !== undefined && value.length < minimum) {
    report("dotenv-too-short", "error", `is shorter than ${minimum} characters`, "set the whole value");
  }
  return found;
}

/** Shorter values may well be equal: user names, ids. */
const tellingLength = 16;

/**
 * Secrets that hold one value: rotating one leaves the other behind, and two slots with one account take each other's token
 * away (675).
 *
 * @param variables - of external secrets, in order.
 */
export function sameValueFindings(
  variables: readonly Variable[],
): readonly { readonly at: Variable; readonly finding: Finding }[] {
  const first = new Map<string, Variable>();
  return variables.flatMap((variable) => {
    const { name, value, where } = variable;
    if (value.length < tellingLength) return [];
    const other = first.get(value);
    if (other === undefined) {
      first.set(value, variable);
      return [];
    }
    const problem = `${name} holds the same value as ${other.name} (${other.where})`;
    const fix = "give each its own, so that each can be rotated alone";
    const finding: Finding = {
      code: "dotenv-same-value",
      stage: "dotenv",
      severity: "warning",
      where,
      subject: name,
      problem,
      fix,
    };
    return [{ at: variable, finding }];
  });
}
