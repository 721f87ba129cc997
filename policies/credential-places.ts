import { shapeOf } from "../domain/value-shapes.ts";
import { credentialIn, wordsOf } from "./credential.ts";
import { isRecord, rawAt, type Path } from "./subject/reading.ts";

/** Keys of values files with the names of a Secret's keys, references to a Secret, or ciphertext below them. */
const noCredentialsBelow =
  /secret[_-]?keys?(?:$|[_A-Z-])|(?:secret|key|field|remote)[_-]?ref$|value[_-]?from|mappings?$|key[_-]?map|key[_-]?names?$|encrypted|^sealed/i;

/**
 * Why a scalar of a document without a schema, such as a values file or a realm, is a secret; `undefined` if it is not.
 * A `password` among the keys of an existing Secret is the name of a key.
 */
export function credentialAt(root: unknown, path: Path, value: string): string | undefined {
  const shape = shapeOf(value);
  if (shape !== undefined) return shape;
  const key = path.findLast((part) => typeof part === "string") ?? "";
  const item = /^(?:value|values|default)$/.test(key) ? nameOfItem(root, path) : undefined;
  const found = credentialIn(item ?? key, value) ?? argumentIn(root, path, value);
  const above = path.slice(0, path.lastIndexOf(key));
  const isName = above.some((part) => typeof part === "string" && noCredentialsBelow.test(part));
  return isName || repeatsPath(path, value) ? undefined : found;
}

/** `jira.password: jira-password`: all words are in the path, so it is the key of a Secret or a placeholder. */
function repeatsPath(path: Path, value: string): boolean {
  if (!/^[A-Za-z]+(?:[-_][A-Za-z]+)+$/.test(value)) return false;
  const words = new Set(path.flatMap((part) => wordsOf(String(part))));
  return wordsOf(value).every((word) => words.has(word));
}

/** The name of a value: in `{name: DB_PASSWORD, value: ...}`, `{type: password, value: ...}`, or `DB_PASSWORD: {value: ...}`. */
function nameOfItem(root: unknown, path: Path): string | undefined {
  const last = path.findLastIndex((part) => typeof part === "string");
  const item = rawAt(root, path.slice(0, last));
  if (!isRecord(item)) return undefined;
  for (const key of ["name", "key", "variable", "envName", "env", "field"]) {
    const name = item[key];
    if (typeof name === "string") return name;
  }
  if (typeof item["type"] === "string" && /^(?:password|secret|token)$/i.test(item["type"])) return item["type"];
  return path.slice(0, -1).findLast((part) => typeof part === "string");
}

/** A credential in an argument: in a list, after its flag, in a text of several, or as `PASSWORD=...`. */
function argumentIn(root: unknown, path: Path, value: string): string | undefined {
  const index = path.at(-1);
  if (typeof index !== "number") {
    const isCommand = /(?:args?|arguments|command|cmd|flags|options|opts)$/i.test(String(index));
    return isCommand && value.includes("=") ? argumentCredentials([value])[0]?.found : undefined;
  }
  const before = rawAt(root, [...path.slice(0, -1), index - 1]);
  if (typeof before !== "string" || !before.startsWith("-")) return argumentCredentials([value])[0]?.found;
  return argumentCredentials([before, value]).find((one) => one.index === 1)?.found;
}

const value = String.raw`("[^"\n]*"|'[^'\n]*'|[^\s;&|"'\\]+)`;
const assigned = new RegExp(String.raw`(?:^|[\s;&|(])([A-Za-z_][\w.-]*)=${value}`, "g");
const flagged = new RegExp(String.raw`(?:^|[\s;&|(])--?([A-Za-z][\w.-]*)(?:=|[^\S\n]+(?!-))${value}`, "g");

/** Secrets in the words of a command or script: by shape, `--password=...`, `--password` and the next word, `PASSWORD=...`. */
export function argumentCredentials(
  words: readonly string[],
): readonly { readonly index: number; readonly found: string }[] {
  return words.flatMap((word, index) => {
    const flag = /^--?([A-Za-z][\w.-]*)$/.exec(words[index - 1] ?? "")?.[1];
    const byFlag = flag === undefined || word.startsWith("-") ? undefined : literalOf(flag, word);
    const found = shapeOf(word) ?? byFlag ?? inCommand(word);
    return found === undefined ? [] : [{ index, found }];
  });
}

function inCommand(text: string): string | undefined {
  if (text.length > 100_000) return undefined;
  for (const pattern of [flagged, assigned]) {
    for (const [, name = "", value = ""] of text.matchAll(pattern)) {
      const nested = /^([\w.-]+)=(.*)$/s.exec(value); // --from-literal=password=...
      const found =
        (nested === null ? undefined : literalOf(nested[1] ?? "", nested[2] ?? "")) ?? literalOf(name, value);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** Not `$1` or a command in backticks, which a shell replaces. */
function literalOf(name: string, written: string): string | undefined {
  const value = written.replace(/^(["'])(.*)\1$/s, "$2");
  return /^[$`]|[$`]\w|\$\(/.test(value) ? undefined : credentialIn(name, value);
}
