import type { Remark } from "./remark.ts";

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

/** The different characters that match, such as `U+200B, U+00A0`; empty if there are none. */
function codePoints(text: string, wanted: RegExp): string {
  return [...new Set([...text.matchAll(wanted)].map(([character]) => codePoint(character)))].join(", ");
}

function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}

/** What keyboards and editors write instead of `=`. */
const likeEquals = /[=\uFF1D\uFE66]/u;

/** The characters that keep dotenv from reading a line as `NAME=value`: code points, or empty if there are none. */
export function foreignInName(line: string): string {
  const end = line.search(likeEquals);
  return end < 0 ? "" : codePoints(line.slice(0, end + 1), /[^\u0020-\u007E\t]/gu);
}
