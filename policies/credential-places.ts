import { shapeOf } from "../domain/value-shapes.ts";
import { credentialIn, wordsOf } from "./credential.ts";
import { isRecord, type Path } from "./subject/reading.ts";

/** Maps from what a chart needs to the keys of an existing Secret, references to one, and ciphertext. */
const onlyNames =
  /secret[_-]?keys?(?:$|[_A-Z-])|(?:secret|key|field|remote)[_-]?ref$|value[_-]?from|mappings?$|key[_-]?map|key[_-]?names?$|encrypted|^sealed/i;

/**
 * Whether a scalar of a values file, a realm or another document of free shape is a secret. Where it is decides first: what
 * is called `password` among the keys of an existing Secret is the name of a key.
 *
 * @param root - the document that the path is of.
 */
export function credentialAt(root: unknown, path: Path, value: string): string | undefined {
  const shape = shapeOf(value);
  if (shape !== undefined) return shape;
  const key = path.findLast((part) => typeof part === "string") ?? "";
  const item = /^(?:value|values|default)$/.test(key) ? namedItem(root, path) : undefined;
  const found = credentialIn(item ?? key, value) ?? argumentIn(root, path, value);
  if (found === undefined) return undefined;
  const above = path.slice(0, path.lastIndexOf(key));
  if (above.some((part) => typeof part === "string" && onlyNames.test(part))) return undefined;
  if (repeatsItsPlace(path, value)) return undefined;
  return found;
}

/** `jira.password: jira-password`: two words or more that all stand in the path, so the key of a Secret, or a mark. */
function repeatsItsPlace(path: Path, value: string): boolean {
  if (!/^[A-Za-z]+(?:[-_][A-Za-z]+)+$/.test(value)) return false;
  const place = new Set(path.flatMap((part) => wordsOf(String(part))));
  return wordsOf(value).every((word) => place.has(word));
}

function valueAt(root: unknown, path: Path): unknown {
  let here = root;
  for (const part of path) {
    here = typeof here === "object" && here !== null ? (here as Record<string | number, unknown>)[part] : undefined;
  }
  return here;
}

/**
 * The name under which a list has a value: `{name: DB_PASSWORD, value: ...}`, a credential of a realm's user with
 * `{type: password, value: ...}`, or a map `DB_PASSWORD: {value: ...}`.
 */
function namedItem(root: unknown, path: Path): string | undefined {
  const item = valueAt(
    root,
    path.slice(
      0,
      path.findLastIndex((part) => typeof part === "string"),
    ),
  );
  if (!isRecord(item)) return undefined;
  for (const key of ["name", "key", "variable", "envName", "env", "field"]) {
    const name = item[key];
    if (typeof name === "string") return name;
  }
  if (typeof item["type"] === "string" && /^(?:password|secret|token)$/i.test(item["type"])) return item["type"];
  return path.slice(0, -1).findLast((part) => typeof part === "string");
}

/** An argument in a list, with the flag before it, or a text of several; `PASSWORD=...` in a list of variables. */
function argumentIn(root: unknown, path: Path, value: string): string | undefined {
  const index = path.at(-1);
  if (typeof index !== "number") {
    const isCommand = /(?:args?|arguments|command|cmd|flags|options|opts)$/i.test(String(index));
    return isCommand && value.includes("=") ? argumentCredentials([value])[0]?.found : undefined;
  }
  const before = valueAt(root, [...path.slice(0, -1), index - 1]);
  if (typeof before !== "string" || !before.startsWith("-")) return argumentCredentials([value])[0]?.found;
  return argumentCredentials([before, value]).find((one) => one.index === 1)?.found;
}

/** A value in a command: in quotes, or up to the next blank. */
const valueOf = String.raw`("[^"\n]*"|'[^'\n]*'|[^\s;&|"'\\]+)`;
const assigned = new RegExp(String.raw`(?:^|[\s;&|(])([A-Za-z_][\w.-]*)=${valueOf}`, "g");
const flagged = new RegExp(String.raw`(?:^|[\s;&|(])--?([A-Za-z][\w.-]*)(?:=|[^\S\n]+(?!-))${valueOf}`, "g");

/**
 * Secrets in the words of a command: by shape, as `--password=...`, as `--password` with the next word, as `PASSWORD=...`,
 * and the same within a script.
 */
export function argumentCredentials(
  words: readonly string[],
): readonly { readonly index: number; readonly found: string }[] {
  return words.flatMap((word, index) => {
    const flag = /^--?([A-Za-z][\w.-]*)$/.exec(words[index - 1] ?? "")?.[1];
    const found =
      shapeOf(word) ?? (flag === undefined || word.startsWith("-") ? undefined : given(flag, word)) ?? inCommand(word);
    return found === undefined ? [] : [{ index, found }];
  });
}

function inCommand(text: string): string | undefined {
  if (text.length > 100_000) return undefined;
  for (const pattern of [flagged, assigned]) {
    for (const [, name = "", value = ""] of text.matchAll(pattern)) {
      const nested = /^([\w.-]+)=(.*)$/s.exec(value); // --from-literal=password=...
      const found = (nested === null ? undefined : given(nested[1] ?? "", nested[2] ?? "")) ?? given(name, value);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** What a shell fills in, as `$1` or a command between backticks, is not the value. */
function given(name: string, written: string): string | undefined {
  const value = written.replace(/^(["'])(.*)\1$/s, "$2");
  return /^[$`]|[$`]\w|\$\(/.test(value) ? undefined : credentialIn(name, value);
}
