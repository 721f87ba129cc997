import type { Catalogue, ExternalSecret } from "../catalogue/catalogue.ts";
import { isFixture, isPlaceholder, isSample, isUnrendered } from "../catalogue/fixtures.ts";
import { contentRemarks, error, quotingRemarks, type Remark, remarkFinding, warning } from "./remarks.ts";
import type { Variable } from "./files.ts";
import type { Finding } from "../finding.ts";
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
export function valueFindings(variable: Variable, context: Context): readonly Finding[] {
  const { value, cutByHash, strayQuote } = variable;
  const remarks = [
    cutByHash && error("dotenv-cut-by-hash", "is cut at an unquoted #", "put the value in single quotes"),
    strayQuote &&
      error(
        "dotenv-stray-quote",
        "begins with a quote that is not closed",
        "close the quote, or use another kind of quote",
      ),
    ...(value.trim() === ""
      ? [error("dotenv-empty", "is empty", "set it, or remove the line: an absent name keeps its value")]
      : remarksOfValue(variable, context)),
  ];
  return remarks.filter((remark) => remark !== false).map((remark) => remarkFinding(variable.name, variable, remark));
}

function remarksOfValue(
  variable: Variable,
  { secret: { minLengthInCharacters: minimum = 0 }, catalogue: { fixtures }, environment, assigned }: Context,
): readonly (Remark | false)[] {
  const { value } = variable;
  const bytes = Buffer.byteLength(value);
  return [
    bytes > maxValueInBytes &&
      error(
        "dotenv-too-large",
        `has ${bytes} bytes, but Key Vault accepts at most ${maxValueInBytes}`,
        "split or shorten it",
      ),
    /[\r\n]/.test(value) &&
      warning(
        "dotenv-newline",
        "contains a line break; it is kept, but a portal or a shell may strip it",
        "base64 the value if its consumer can decode it",
      ),
    /^[ \t]|[ \t]$/.test(value) &&
      warning(
        "dotenv-padded",
        "begins or ends with a space; it is kept",
        "remove the space if it is not part of the value",
      ),
    ...quotingRemarks(variable),
    ...contentRemarks(variable, assigned ?? new Set()),
    isUnrendered(value) &&
      error("dotenv-unrendered", "contains a template, {{ ... }}, which nothing fills in", "set the real value"),
    isPlaceholder(value, fixtures) || isPlaceholderShape(value)
      ? error("dotenv-placeholder", "is a placeholder", "set the real value, or remove the line")
      : isSample(value)
        ? environment !== "local" &&
          error("dotenv-fixture", "is a sample value, which only local accepts", "set the real value")
        : isFixture(value, fixtures) &&
          error("dotenv-fixture", "is a development value that is publicly known", "set the real value"),
    value.length < minimum && error("dotenv-too-short", `is shorter than ${minimum} characters`, "set the whole value"),
  ];
}
