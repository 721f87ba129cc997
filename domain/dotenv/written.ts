import { classify } from "../catalogue/lookup.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import type { Variable } from "./files.ts";
import type { Remark } from "./remark.ts";

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
