import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { relative } from "node:path";
import { filesIn, textOf } from "./files.ts";

/** A found canary: the form that it had. */
export type CanaryForm = string;

const perCharacter = (text: string, encode: (code: number) => string) =>
  Array.from(text, (one) => encode(one.codePointAt(0) ?? 0)).join("");
const escape = (text: string, pattern: RegExp, encode: (code: number) => string) =>
  text.replaceAll(pattern, (one) => encode(one.codePointAt(0) ?? 0));
const hexUnit = (code: number) => code.toString(16).padStart(4, "0");

/**
 * What a value looks like after the encodings of programs, as texts to search for. It shares nothing with the program's
 * own redaction: that one is what is being tested.
 */
export function formsOf(value: string): ReadonlyMap<CanaryForm, string> {
  const bytes = Buffer.from(value);
  const json = JSON.stringify(value).slice(1, -1);
  const hex = bytes.toString("hex");
  const forms = new Map<CanaryForm, string>([
    ["clear", value],
    ["JSON", json],
    ["JSON in JSON", JSON.stringify(json).slice(1, -1)],
    ["JSON of Go", escape(json, /[<>&]/g, (code) => `\\u${hexUnit(code)}`)],
    ["ASCII JSON", escape(json, /[^\x20-\x7e]/g, (code) => `\\u${hexUnit(code)}`)],
    ["URL component", encodeURIComponent(value)],
    ["URL form", new URLSearchParams({ value }).toString().slice("value=".length)],
    ["URL component twice", encodeURIComponent(encodeURIComponent(value))],
    ["HTML names", value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;").replaceAll("'", "&#39;")], // prettier-ignore
    ["HTML numbers", perCharacter(value, (code) => `&#${code};`)],
    ["HTML hexadecimal numbers", perCharacter(value, (code) => `&#x${code.toString(16)};`)],
    ["hex", hex],
    ["hex, upper case", hex.toUpperCase()],
    ["white space collapsed", value.replaceAll(/\s+/g, " ")],
    ["base64 of JSON", bytes.length < 6 ? "" : inner(JSON.stringify(value), 1)],
  ]);
  for (const offset of [0, 1, 2]) {
    const base64 = inner("x".repeat(offset) + value, offset);
    forms.set(`base64 after ${offset} bytes`, base64);
    forms.set(`base64url after ${offset} bytes`, base64.replaceAll("+", "-").replaceAll("/", "_"));
  }
  // what a keyed hash is not: everybody who guesses the value can compare
  for (const algorithm of ["md5", "sha1", "sha256", "sha384", "sha512"]) {
    for (const encoding of ["hex", "base64", "base64url"] as const) {
      forms.set(`${algorithm}, ${encoding}`, createHash(algorithm).update(value).digest(encoding).replace(/=+$/, ""));
    }
  }
  const distinct = new Map([...forms].toReversed().map(([form, text]) => [text, form]));
  return new Map([...distinct].toReversed().flatMap(([text, form]) => (text.length >= 8 ? [[form, text]] : [])));
}

/** The base64 of a text without the characters that depend on the text before and after it. */
function inner(text: string, before: number): string {
  const base64 = Buffer.from(text).toString("base64").replace(/=+$/, "");
  const from = before === 0 ? 0 : 4;
  return base64.slice(from, Math.floor(base64.length / 4) * 4 - (base64.length % 4 === 0 ? 4 : 0));
}

/** A search for many values at once. @returns what was found in a text: name of the value, and its form. */
export function canarySearch(values: Readonly<Record<string, string>>): (text: string) => readonly string[] {
  const wanted = Object.entries(values).flatMap(([name, value]) =>
    [...formsOf(value)].map(([form, text]) => ({ found: `${name} (${form})`, text })),
  );
  return (text) => wanted.filter((one) => text.includes(one.text)).map(({ found }) => found);
}

const largestFileInBytes = 50_000_000;

/** The files of a folder with a value in them. @param leaveOut - paths that are meant to hold values. */
export function canariesInFiles(
  dir: string,
  search: (text: string) => readonly string[],
  leaveOut: readonly string[] = [],
): readonly string[] {
  return filesIn(dir).flatMap((path) => {
    if (leaveOut.some((one) => path === one || path.startsWith(`${one}/`))) return [];
    if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > largestFileInBytes) return [];
    return search(textOf(path)).map((found) => `${relative(dir, path)}: ${found}`);
  });
}
