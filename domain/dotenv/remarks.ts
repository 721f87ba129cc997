import { codePoints, type Variable } from "./files.ts";
import type { Severity } from "../finding.ts";
import { isUnrendered } from "../catalogue/fixtures.ts";
import { classify } from "../catalogue/lookup.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";

/** Something about one value; `problem` follows the variable's name and never shows a part of the value. */
export interface Remark {
  readonly code: string;
  readonly severity: Severity;
  readonly problem: string;
  readonly fix: string;
}

/** Control characters, spaces other than U+0020, and characters without a width. Tabs and line breaks are judged elsewhere. */
const invisible = /(?![\t\n\r ])[\p{Cc}\p{Cf}\p{Z}]/gu;
const typographic = /[\u2018-\u201F\u2032\u2033\u2039\u203A\u00AB\u00BB\uFF02\uFF07\u2010-\u2015\u2026\u2212]/gu;

/** Characters in a value that pasting brings in and nobody types. */
export function characterRemarks(value: string): readonly Remark[] {
  const remarks: Remark[] = [];
  const hidden = codePoints(value, invisible);
  if (hidden !== "") {
    remarks.push({
      code: "dotenv-invisible-character",
      severity: "warning",
      problem: `contains characters that cannot be seen, as pasted text often does (${hidden}); they are stored`,
      fix: "type or paste the value again without them",
    });
  }
  const pretty = codePoints(value, typographic);
  if (pretty !== "") {
    remarks.push({
      code: "dotenv-typographic",
      severity: "warning",
      problem: `contains typographic quotes, dashes or dots (${pretty}), which dotenv does not treat as quotes; they are stored`,
      fix: "replace them by the characters of a keyboard: ' \" - ...",
    });
  }
  return remarks;
}

/** Whatever a value contains that is stored as it is, though the writer had something else in mind. */
export function contentRemarks(variable: Variable, assigned: ReadonlySet<string>): readonly Remark[] {
  return [...encodingRemarks(variable), ...referenceRemarks(variable, assigned), ...characterRemarks(variable.value)];
}

/** Ciphertext of tools that encrypt values inside a file: dotenvx, SOPS, Jasypt, Spring, Ansible, Vault's transit engine. */
const ciphertext =
  /^(?:encrypted:\S+|ENC\[AES256_GCM,[^\]]*\]|ENC\(\S+\)|\{cipher\}\S+|\$ANSIBLE_VAULT;[^]*|vault:v\d+:[A-Za-z0-9+/=_-]+)$/;

function encodingRemarks({ value }: Variable): readonly Remark[] {
  const remarks: Remark[] = [];
  if (ciphertext.test(value)) {
    remarks.push({
      code: "dotenv-ciphertext",
      severity: "error",
      problem: "is encrypted; the ciphertext would be stored, and its consumer cannot decrypt it",
      fix: "decrypt the file with the tool that encrypted it, and give the decrypted file with --dotenv",
    });
  }
  if (value.includes("\uFFFD")) {
    remarks.push({
      code: "dotenv-not-utf8",
      severity: "error",
      problem: "contains a character that is not UTF-8, which reading has replaced",
      fix: "save the file as UTF-8, and set the value again",
    });
  }
  return remarks;
}

/** What some other tool would resolve, by what a message calls it. */
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

function referenceRemarks({ value, written }: Variable, assigned: ReadonlySet<string>): readonly Remark[] {
  if (isUnrendered(value)) return []; // an error of its own
  const isCommand = written !== undefined && /^`[^`'"\n]*`$/.test(written);
  const name = isCommand ? "a command in backticks" : references.find(([, shape]) => shape.test(value))?.[0];
  const other = [...value.matchAll(/\$([A-Za-z_]\w*)/g)].some(([, variable = ""]) => assigned.has(variable));
  const what = name ?? (other ? "a reference to a variable of these files" : undefined);
  if (what === undefined) return [];
  return [
    {
      code: "dotenv-not-expanded",
      severity: "warning",
      problem: `contains ${what}, which nothing expands: this text itself is stored`,
      fix: "write the value itself, unless this text is the value",
    },
  ];
}

/** One pair of quotes around everything, as dotenv's grammar has it: a backslash before a quote of the same kind is allowed. */
const oneQuoted = /^(['"`])(?:\\\1|(?!\1)[^])*\1$/;

/**
 * Where dotenv stores something else than a reader of the line would expect: a shell's quoting, escapes, quotes in quotes.
 * dotenv removes one pair of quotes around the whole value and, in double quotes, turns `\n` and `\r` into line breaks. It
 * undoes nothing else.
 */
export function quotingRemarks({ written, value, strayQuote }: Variable): readonly Remark[] {
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

const singleQuotes = "write the value as it is between single quotes, or between ` if it contains single quotes";

const shellQuotes: Remark = {
  code: "dotenv-shell-quotes",
  severity: "warning",
  problem: "is quoted as for a shell; dotenv removes the outer quotes only and stores the other quotes and backslashes",
  fix: singleQuotes,
};
const escapeKept: Remark = {
  code: "dotenv-escape-kept",
  severity: "warning",
  problem: "has a backslash as a shell's escape; dotenv stores the backslash as part of the value",
  fix: `remove the backslash if it is not part of the value: ${singleQuotes}`,
};
const lineBreaksKept: Remark = {
  code: "dotenv-escape-kept",
  severity: "warning",
  problem: "is a key whose line breaks are written as \\n; without double quotes dotenv stores a backslash and an n",
  fix: "put the value in double quotes, or write the key over several lines in quotes",
};
const quotedTwice: Remark = {
  code: "dotenv-quoted-twice",
  severity: "warning",
  problem: "has quotes inside quotes; dotenv removes the outer pair and stores the inner one",
  fix: "remove one pair, unless the quotes are part of the value",
};

const assignment = /(?<=[\s;,]|&&|\\n)(?:export\s)?([A-Za-z_][\w.-]*)\s?=(?!=)/g;

/**
 * A value that contains another assignment: `A=x B=y` is one variable to dotenv. An error if the other name is a secret of
 * the catalogue, since that secret is lost. Names that the catalogue does not know may be part of the value and are not shown.
 */
export function secondAssignment({ written, name }: Variable, catalogue: Catalogue): readonly Remark[] {
  if (written === undefined) return [];
  const isQuoted = oneQuoted.test(written);
  if (isQuoted && !written.includes("\n")) return [];
  const isSecret = classify(catalogue, name).kind === "secret";
  const found = [...written.matchAll(assignment)].flatMap(
    ({ index, 1: other = "" }): readonly { readonly known?: string; readonly isLost: boolean }[] => {
      const before = written.slice(Math.max(0, index - 8), index);
      if (isQuoted && !/\n[ \t]*$/.test(before)) return [];
      const known = classify(catalogue, other);
      if (known.kind === "secret") return [{ known: other, isLost: true }];
      const isUsual =
        /^[A-Z][A-Z0-9]*_[A-Z0-9_]*$/.test(other) || (/^[A-Z]{3,}$/.test(other) && !/[;,]\s*$/.test(before));
      if (!isUsual || !isSecret) return [];
      return [known.kind === "unknown" || known.by === "pattern" ? { isLost: false } : { known: other, isLost: false }];
    },
  );
  const worst = found.find(({ isLost }) => isLost) ?? found[0];
  if (worst === undefined) return [];
  const what = worst.known === undefined ? "another assignment" : `the assignment of ${worst.known}`;
  return [
    {
      code: "dotenv-two-on-a-line",
      severity: worst.isLost && !isQuoted ? "error" : "warning",
      problem: `contains ${what}; dotenv stores all of it as the value of ${isQuoted ? "this one variable" : "the first"}`,
      fix: "write each assignment on a line of its own; if it is part of the value, put the whole value in single quotes",
    },
  ];
}
