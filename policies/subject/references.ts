import {
  externalSecretFields,
  pushSecretFields,
  type FieldRole,
  type SecretField,
} from "../../domain/manifests/secret-fields.ts";
import { at, entries, list, text, Undecided, writtenText, type Path } from "./reading.ts";
import { once, type Subject } from "./subject.ts";

/** One field by which an ExternalSecret or PushSecret reaches for a secret. Each part is read when it is asked for. */
export interface Reference {
  readonly path: Path;
  /** What the table of fields says that the field is for. */
  readonly role: FieldRole;
  /** @throws Undecided @returns the key, name or path as written; `undefined` where the field names none. */
  readonly key: () => string | undefined;
  /** @throws Undecided */
  readonly property: () => string | undefined;
  /** Key in the target that it fills; only where one is named. @throws Undecided */
  readonly secretKey: () => string | undefined;
}

const referencesKey = Symbol("references");

const reaching: ReadonlySet<FieldRole> = new Set([
  "vault-path",
  "search",
  "generator",
  "cluster-secret",
  "written-path",
  "bulk-write",
  "other-kind",
]);

/** Where the ExternalSecret's or PushSecret's own spec is. */
export function specPath({ kind }: Subject): Path {
  if (kind === "ClusterExternalSecret") return ["spec", "externalSecretSpec"];
  if (kind === "ClusterPushSecret") return ["spec", "pushSecretSpec"];
  return ["spec"];
}

/** A text of that spec. @throws Undecided */
export function specText(subject: Subject, ...path: Path): string | undefined {
  return text(subject.object, ...specPath(subject), ...path);
}

/** A list of that spec. @throws Undecided */
export function specList(subject: Subject, ...path: Path): readonly unknown[] {
  return list(subject.object, ...specPath(subject), ...path);
}

/** Name of the Secret that an ExternalSecret makes: its own name where it names none. @throws Undecided */
export function targetOf(subject: Subject): string | undefined {
  const named = specText(subject, "target", "name");
  if (named !== undefined) return named;
  if (subject.kind === "ClusterExternalSecret") {
    const own = text(subject.object, "spec", "externalSecretName");
    if (own !== undefined) return own;
  }
  return text(subject.object, "metadata", "name");
}

/** Every field by which an ExternalSecret or a PushSecret reads or writes a secret; no member of an entry hides another. */
export function referencesOf(subject: Subject): readonly Reference[] {
  return once(subject, referencesKey, () =>
    fieldsOf(subject)
      .filter(({ role }) => reaching.has(role))
      .flatMap(({ path, role }) => pathsIn(subject, path).map((found) => reference(subject.object, found, role))),
  );
}

/** Where the fields of a role are in this subject: those that are present, or not known yet. */
export function pathsWithRole(subject: Subject, role: FieldRole): readonly Path[] {
  return fieldsOf(subject)
    .filter((field) => field.role === role)
    .flatMap(({ path }) => pathsIn(subject, path));
}

function fieldsOf({ kind }: Subject): readonly SecretField[] {
  return kind === "PushSecret" || kind === "ClusterPushSecret" ? pushSecretFields : externalSecretFields;
}

function reference(object: unknown, path: Path, role: FieldRole): Reference {
  const [parent, entry] = [path.slice(0, -1), path.slice(0, -2)];
  return {
    path,
    role,
    // an empty path is asked for, an empty name of a Secret is a provider's default
    key: () => (role === "cluster-secret" ? text : writtenText)(object, ...path),
    property: () => text(object, ...parent, "property"),
    secretKey: () => text(object, ...entry, "secretKey"),
  };
}

/**
 * The places in an object that a path of the table stands for; `null` counts as absent. What is not known
 * yet counts as present, and reading it throws.
 */
function pathsIn(subject: Subject, pattern: string): readonly Path[] {
  return pathsUnder(subject.object, specPath(subject), pattern);
}

/** The same below any part of an object. */
export function pathsUnder(object: unknown, start: Path, pattern: string): readonly Path[] {
  const parts = pattern.split(".");
  const from = (base: Path, next: number): readonly Path[] => {
    const part = parts[next];
    if (part === undefined) return [base];
    const key = part.replace("[]", "");
    const path = [...base, key];
    try {
      if (part !== key) return list(object, ...path).flatMap((_, i) => from([...path, i], next + 1));
      const value = at(object, ...path);
      return value === undefined ? [] : from(path, next + 1);
    } catch (error) {
      if (error instanceof Undecided) return [[...path, ...parts.slice(next + 1)]];
      throw error;
    }
  };
  return from(start, 0);
}

/** Where the template is that writes the target, or what is pushed. */
export function templatePath(subject: Subject): Path {
  const isPush = subject.kind === "PushSecret" || subject.kind === "ClusterPushSecret";
  return [...specPath(subject), ...(isPush ? ["template"] : ["target", "template"])];
}

/** Keys that the template writes beside or from what is fetched. @throws Undecided */
export function templateData(subject: Subject): readonly (readonly [string, unknown])[] {
  return entries(subject.object, ...templatePath(subject), "data");
}
