/**
 * Reads what others wrote: resources with values that a preview does not know yet, YAML of any shape. Nothing here throws
 * but {@link Undecided}; a value of another type than requested counts as absent.
 */

/** What the engine sends in place of a value that is not known yet (`@pulumi/policy`, proxy.ts). */
const unknownSentinels = new Set<unknown>([
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

/** A value that is not known yet, where we build the object ourselves. */
export const unknownValue = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** A value that is marked secret, for the rule that looks at marks. */
export const markedSecret = Symbol("marked secret");

/** The same, or a provider's default: after `pulumi refresh` a state file does not distinguish them. */
export const secretOrDefault = Symbol("marked secret, or a default");

export function isMarkedSecret(value: unknown): boolean {
  return value === markedSecret || value === secretOrDefault;
}

export type Path = readonly (string | number)[];

/** From 1. */
export type LineOf = (path: Path, line?: number) => number;

/** A verdict needs a value that is not known yet. */
export class Undecided extends Error {
  readonly path: Path;

  constructor(path: Path) {
    super(`depends on ${formatPath(path)}, which is not known yet`);
    this.name = "Undecided";
    this.path = path;
  }
}

/** Whether a value cannot be read: it is not known yet, or marked secret. */
export function isUnknown(value: unknown): boolean {
  return isMarkedSecret(value) || (typeof value === "string" && value.length === 36 && unknownSentinels.has(value));
}

/** `spec.data[0].remoteRef`. */
export function formatPath(path: Path): string {
  return path.map((part, i) => (typeof part === "number" ? `[${part}]` : i === 0 ? part : `.${part}`)).join("");
}

/** The value at a path. `null` is absent: YAML and an import's Read write it for a missing value. @throws Undecided */
export function at(value: unknown, ...path: Path): unknown {
  let here = value;
  for (let i = 0; ; i++) {
    if (isUnknown(here)) throw new Undecided(path.slice(0, i));
    if (i === path.length) return here ?? undefined;
    if (typeof here !== "object" || here === null) return undefined;
    const key = path[i] as string;
    here = Object.hasOwn(here, key) ? (here as Record<string, unknown>)[key] : undefined;
  }
}

/**
 * Whether the program set a field. Providers write `""`, `false`, `0`, `null` or an empty list for a missing field, so
 * these are absent. An unknown value or a secret is set. @throws Undecided for a secret that may be a default.
 */
export function isSet(object: unknown, key: string): boolean {
  const found = isRecord(object) && Object.hasOwn(object, key) ? object[key] : undefined;
  if (found === secretOrDefault) throw new Undecided([key]);
  return Array.isArray(found) ? found.length > 0 : ![undefined, null, "", false, 0].includes(found as null);
}

/** A text, or a number as text, since YAML reads `port: 80` as a number. An empty text counts as absent. */
export function text(value: unknown, ...path: Path): string | undefined {
  return writtenText(value, ...path) || undefined;
}

/** The same, but an empty text stays an empty text. */
export function writtenText(value: unknown, ...path: Path): string | undefined {
  const found = at(value, ...path);
  return typeof found === "string" ? found : typeof found === "number" ? String(found) : undefined;
}

export function list(value: unknown, ...path: Path): readonly unknown[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? Array.from<unknown>(found) : []; // a hole in a program's list becomes an absent item
}

/** The texts of a list, without other items. @throws Undecided */
export function textsOf(object: unknown, ...path: Path): readonly string[] {
  return list(object, ...path).flatMap((_, i) => text(object, ...path, i) ?? []);
}

/** Keys and values of an object, without those that are `null`. A value may be unknown. */
export function entries(value: unknown, ...path: Path): readonly (readonly [string, unknown])[] {
  const found = at(value, ...path);
  return isRecord(found) ? Object.entries(found).filter(([, item]) => item !== null && item !== undefined) : [];
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A copy with other values where `replace` gives one, and without properties that are `undefined`. */
export function mapTree(value: unknown, replace: (value: unknown) => unknown): unknown {
  const replaced = replace(value);
  if (replaced !== undefined) return replaced;
  if (Array.isArray(value)) return value.map((item) => mapTree(item, replace));
  if (!isRecord(value)) return value;
  const set = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(set.map(([key, item]) => [key, mapTree(item, replace)]));
}

/** The value at a path, unchanged: it may be unknown, secret or `null`. */
export function rawAt(value: unknown, path: Path): unknown {
  let here = value;
  for (const key of path) {
    here =
      typeof here === "object" && here !== null && Object.hasOwn(here, key)
        ? (here as Record<string | number, unknown>)[key]
        : undefined;
  }
  return here;
}

/** Reads something once for each key; again if it threw. @param known - a WeakMap where the keys are objects. */
export function remembered<K, T>(
  read: (key: K) => T,
  known: {
    get: (key: K) => { readonly value: T } | undefined;
    set: (key: K, found: { readonly value: T }) => unknown;
  } = new Map(),
): (key: K) => T {
  return (key) => {
    const found = known.get(key) ?? { value: read(key) };
    known.set(key, found);
    return found.value;
  };
}

export function isManifest(value: unknown): value is Record<string, unknown> & { apiVersion: string; kind: string } {
  return isRecord(value) && typeof value["apiVersion"] === "string" && typeof value["kind"] === "string";
}

/** `group/Kind` of a manifest, whatever its version; `/Secret` for the core group. */
export function groupKindOf(object: unknown): string {
  const { apiVersion, kind } = isRecord(object) ? object : {};
  const group = typeof apiVersion === "string" && apiVersion.includes("/") ? apiVersion.replace(/\/.*$/s, "") : "";
  return `${group}/${String(kind)}`;
}
