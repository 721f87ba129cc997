import type { Catalogue, ExternalSecret } from "../catalogue/catalogue.ts";
import { isFixture, isPlaceholder, isSample, isUnrendered } from "../catalogue/fixtures.ts";
import { classify } from "../catalogue/lookup.ts";
import type { Finding } from "../finding.ts";
import type { EnvironmentName } from "../stage.ts";
import { isPlaceholderShape } from "../value-shapes.ts";
import { codePoints, shownName, type Variable } from "./files.ts";

/** Something about one value; `problem` follows the variable's name and never shows a part of the value. */
type Remark = Pick<Finding, "code" | "severity" | "problem" | "fix">;

function warning(code: string, problem: string, fix: string): Remark {
  return { code, severity: "warning", problem, fix };
}

function error(code: string, problem: string, fix: string): Remark {
  return { code, severity: "error", problem, fix };
}

/** @param subject - the variable's name, as it may be shown. */
function remarkFinding(subject: string, { where }: Variable, { problem, ...remark }: Remark): Finding {
  return { ...remark, stage: "dotenv", where, subject, problem: `${subject} ${problem}` };
}

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

/** Control characters, spaces other than U+0020, and characters without a width; tabs and line breaks have findings of their own. */
const invisible = /(?![\t\n\r ])[\p{Cc}\p{Cf}\p{Z}]/gu;
const typographic = /[\u2018-\u201F\u2032\u2033\u2039\u203A\u00AB\u00BB\uFF02\uFF07\u2010-\u2015\u2026\u2212]/gu;

/** Ciphertext of tools that encrypt values inside a file: dotenvx, SOPS, Jasypt, Spring, Ansible, Vault's transit engine. */
const ciphertext =
  /^(?:encrypted:\S+|ENC\[AES256_GCM,[^\]]*\]|ENC\(\S+\)|\{cipher\}\S+|\$ANSIBLE_VAULT;[^]*|vault:v\d+:[A-Za-z0-9+/=_-]+)$/;

/** Contents that are stored verbatim, although the writer probably expected something else. */
function contentRemarks(variable: Variable, assigned: ReadonlySet<string>): readonly (Remark | false)[] {
  const { value } = variable;
  const hidden = codePoints(value, invisible);
  const pretty = codePoints(value, typographic);
  const reference = referenceIn(variable, assigned);
  return [
    ciphertext.test(value) &&
      error(
        "dotenv-ciphertext",
        "is encrypted; the ciphertext would be stored, and its consumer cannot decrypt it",
        "decrypt the file with the tool that encrypted it, and give the decrypted file with --dotenv",
      ),
    value.includes("\uFFFD") &&
      error(
        "dotenv-not-utf8",
        "contains a character that is not UTF-8; it was replaced when the file was read",
        "save the file as UTF-8, and set the value again",
      ),
    reference !== undefined &&
      warning(
        "dotenv-not-expanded",
        `contains ${reference}, which nothing expands: this text itself is stored`,
        "write the value itself, unless this text is the value",
      ),
    hidden !== "" &&
      warning(
        "dotenv-invisible-character",
        `contains invisible characters, as pasted text often does (${hidden}); they are stored`,
        "type or paste the value again without them",
      ),
    pretty !== "" &&
      warning(
        "dotenv-typographic",
        `contains typographic quotes, dashes or dots (${pretty}), which dotenv does not treat as quotes; they are stored`,
        "replace them by the characters of a keyboard: ' \" - ...",
      ),
  ];
}

const references: readonly (readonly [name: string, shape: RegExp])[] = [
  ["${...}", /\$\{[^}]*\}/],
  ["a command, $(...)", /\$\([^)]+\)/],
  ["a command in backticks", /`[^`\n]+`/],
  ["a reference to a variable", /^\$(?!oauthtoken$)[A-Za-z_]\w*$/], // $oauthtoken is NVIDIA's user
  [
    "a reference to another secret store",
    /^(?:(?:op|ref\+\w+|awssm|gcpsm|sm|keyvault|azurekeyvault|vault|bws|doppler|infisical|keeper):\/\/|vault:[\w/-]+#|>>vault:|secretref:|arn:aws:(?:secretsmanager|ssm):|projects\/[^/]+\/secrets\/|@Microsoft\.KeyVault\()/,
  ],
  ["the path of a mounted secret", /^(?:file:\/\/)?\/(?:var\/)?(?:run|vault|etc|mnt)\/secrets?(?:-store)?\//],
];

function referenceIn({ value, written }: Variable, assigned: ReadonlySet<string>): string | undefined {
  if (isUnrendered(value)) return undefined; // an error of its own
  if (written !== undefined && /^`[^`'"\n]*`$/.test(written)) return "a command in backticks";
  const isOther = [...value.matchAll(/\$([A-Za-z_]\w*)/g)].some(([, variable = ""]) => assigned.has(variable));
  const [name] = references.find(([, shape]) => shape.test(value)) ?? [];
  return name ?? (isOther ? "a reference to a variable of these files" : undefined);
}

/** One pair of quotes around everything, as in dotenv's grammar: a backslash before a quote of the same kind is allowed. */
const oneQuoted = /^(['"`])(?:\\\1|(?!\1)[^])*\1$/;

/** dotenv removes one outer pair of quotes and keeps all other quotes and escapes; a shell does not. */
function quotingRemarks({ written, value, strayQuote }: Variable): readonly Remark[] {
  if (written === undefined || strayQuote || isJson(value)) return [];
  if (oneQuoted.test(written)) {
    const quote = written.charAt(0);
    const inner = written.slice(1, -1);
    if ((quote === '"' ? /\\["$`\\]/ : quote === "'" ? /\\'/ : /\\`/).test(inner)) return [escapeKept];
    if (quote !== '"' && isKeyInOneLine(inner)) return [lineBreaksKept];
    return /^(['"`])(?:(?!\1)[^])+\1$/.test(inner) ? [quotedTwice] : [];
  }
  if (/^\$?['"`]/.test(written)) return isJoinedByShell(written.replace(/^\$/, "")) ? [shellQuotes] : [];
  if (/\\(?:[\s'"`$&|;<>()#!]|$)/.test(written)) return [escapeKept];
  return isKeyInOneLine(written) ? [lineBreaksKept] : [];
}

/** Whether a shell would read it to its end: every quote is closed. */
function isJoinedByShell(written: string): boolean {
  return /^(?:'[^']*'|"(?:\\[^]|[^"\\])*"|\\[^]|[^'"\\])+$/.test(written);
}

function isKeyInOneLine(text: string): boolean {
  return text.includes("-----BEGIN ") && text.includes("\\n");
}

function isJson(value: string): boolean {
  if (!/^\s*[[{]/.test(value)) return false;
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
}

const singleQuotes = "write the value verbatim between single quotes, or between ` if it contains single quotes";

const shellQuotes = warning(
  "dotenv-shell-quotes",
  "is quoted as for a shell; dotenv removes the outer quotes only and stores the other quotes and backslashes",
  singleQuotes,
);
const escapeKept = warning(
  "dotenv-escape-kept",
  "has a backslash as a shell's escape; dotenv stores the backslash as part of the value",
  `remove the backslash if it is not part of the value: ${singleQuotes}`,
);
const lineBreaksKept = warning(
  "dotenv-escape-kept",
  "is a key with line breaks written as \\n; without double quotes dotenv stores a backslash and an n",
  "put the value in double quotes, or write the key over several lines in quotes",
);
const quotedTwice = warning(
  "dotenv-quoted-twice",
  "has quotes inside quotes; dotenv removes the outer pair and stores the inner one",
  "remove one pair, unless the quotes are part of the value",
);

const assignment = /(?<=[\s;,]|&&|\\n)(?:export\s)?([A-Za-z_][\w.-]*)\s?=(?!=)/g;

/**
 * A value that contains another assignment: `A=x B=y` is one variable to dotenv. An error if the other name is a
 * secret, which would be lost. Names that the catalogue does not know may be part of the value and are not shown.
 */
export function secondAssignment(variable: Variable, catalogue: Catalogue): readonly Finding[] {
  const { written, name } = variable;
  if (written === undefined) return [];
  const isQuoted = oneQuoted.test(written);
  if (isQuoted && !written.includes("\n")) return [];
  const isSecret = classify(catalogue, name).kind === "secret";
  const found = [...written.matchAll(assignment)].flatMap(({ index, 1: other = "" }) => {
    const before = written.slice(Math.max(0, index - 8), index);
    if (isQuoted && !/\n[ \t]*$/.test(before)) return [];
    const known = classify(catalogue, other);
    const isLost = known.kind === "secret";
    const isUsual =
      /^[A-Z][A-Z0-9]*_[A-Z0-9_]*$/.test(other) || (/^[A-Z]{3,}$/.test(other) && !/[;,]\s*$/.test(before));
    if (!isLost && !(isUsual && isSecret)) return [];
    const mayBeShown = isLost || (known.kind !== "unknown" && known.by !== "pattern");
    return [{ what: mayBeShown ? `the assignment of ${other}` : "another assignment", isLost }];
  });
  const worst = found.find(({ isLost }) => isLost) ?? found[0];
  if (worst === undefined) return [];
  const remark = (worst.isLost && !isQuoted ? error : warning)(
    "dotenv-two-on-a-line",
    `contains ${worst.what}; dotenv stores all of it as the value of ${isQuoted ? "this one variable" : "the first"}`,
    "write each assignment on a line of its own; if it is part of the value, put the whole value in single quotes",
  );
  return [remarkFinding(shownName(name), variable, remark)];
}
