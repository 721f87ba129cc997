/**
 * Reading of what others wrote: resources with values that a preview does not know yet, YAML of any shape. Nothing here
 * throws but {@link Undecided}; a value of another shape than asked for counts as absent.
 */

/** What the engine sends in place of a value that is known only after the update (`@pulumi/policy`, proxy.ts). */
const unknownSentinels = new Set<unknown>([
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

/** Stands for a value that is not known yet where we make the object ourselves. */
export const unknownValue = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Stands for a value that is marked secret, where the marks are what is looked at; no rule reads what is behind it. */
export const markedSecret = Symbol("marked secret");

/** The same, where the value may be a provider's default: a state file does not say after `pulumi refresh`. */
export const secretOrDefault = Symbol("marked secret, or a default");

export function isMarkedSecret(value: unknown): boolean {
  return value === markedSecret || value === secretOrDefault;
}

export type Path = readonly (string | number)[];

/** A verdict needs a value that is not known yet. */
export class Undecided extends Error {
  readonly path: Path;

  constructor(path: Path) {
    super(`depends on ${formatPath(path)}, which is not known yet`);
    this.name = "Undecided";
    this.path = path;
  }
}

/** Whether a value cannot be read: not known yet, or marked secret and kept from us. */
export function isUnknown(value: unknown): boolean {
  return isMarkedSecret(value) || isUnknownText(value);
}

function isUnknownText(value: unknown): boolean {
  return typeof value === "string" && value.length === 36 && unknownSentinels.has(value);
}

/** `spec.data[0].remoteRef`. */
export function formatPath(path: Path): string {
  return path.map((part, i) => (typeof part === "number" ? `[${part}]` : i === 0 ? part : `.${part}`)).join("");
}

/**
 * The value there. `null` counts as absent: it is how an import's Read and YAML write that there is none.
 *
 * @throws Undecided where the value, or an object on the way to it, is not known yet.
 */
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

/** Reads within a part of an object; what is undecided there names its whole path. */
export function under<T>(base: Path, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof Undecided ? new Undecided([...base, ...error.path]) : error;
  }
}

/**
 * Whether the program set the field `key`. A provider fills in `""`, `false`, `0` or an empty list for what a program leaves
 * out, and its Read answers `null`, so these count as absent. A secret is set though nobody can read it, and so is a value
 * that is not known yet: defaults are always known.
 *
 * @throws Undecided where a state file does not tell a secret from a default.
 */
export function isSet(object: unknown, key: string): boolean {
  const found = isRecord(object) && Object.hasOwn(object, key) ? object[key] : undefined;
  if (found === secretOrDefault) throw new Undecided([key]);
  return !(
    found === undefined ||
    found === null ||
    found === "" ||
    found === false ||
    found === 0 ||
    isEmptyList(found)
  );
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

/** The text there; numbers as text, since YAML reads `port: 80` as one. An empty text counts as absent, as `null` does. */
export function text(value: unknown, ...path: Path): string | undefined {
  return writtenText(value, ...path) || undefined;
}

/** The same, for a rule that judges an empty text as well. */
export function writtenText(value: unknown, ...path: Path): string | undefined {
  const found = at(value, ...path);
  return typeof found === "string" ? found : typeof found === "number" ? String(found) : undefined;
}

export function list(value: unknown, ...path: Path): readonly unknown[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? Array.from<unknown>(found) : []; // a hole in a program's list becomes an absent item
}

/** The texts of a list; others in it are left out. @throws Undecided */
export function textsOf(object: unknown, ...path: Path): readonly string[] {
  return list(object, ...path).flatMap((_, i) => text(object, ...path, i) ?? []);
}

/** Keys and values of the object there; a value may be unknown, which is met when it is read. A key of `null` is left out. */
export function entries(value: unknown, ...path: Path): readonly (readonly [string, unknown])[] {
  const found = at(value, ...path);
  return isRecord(found) ? Object.entries(found).filter(([, item]) => item !== null && item !== undefined) : [];
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
