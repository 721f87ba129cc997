import {
  externalSecretFields,
  pushSecretFields,
  type FieldRole,
  type SecretField,
} from "../../domain/manifests/secret-fields.ts";
import { at, entries, list, text, Undecided, writtenText, type Path } from "./reading.ts";
import { oncePerSubject, type Kind, type Subject } from "./subject.ts";

/** A field by which an ExternalSecret or PushSecret reads or writes a secret. Each part is read when it is asked for. */
export interface Reference {
  readonly path: Path;
  readonly role: FieldRole;
  /** The key, name or path; `undefined` where the field names none. @throws Undecided */
  readonly key: () => string | undefined;
  /** Key of the target that the field fills, where one is named. @throws Undecided */
  readonly secretKey: () => string | undefined;
}

export const deliveryKinds: readonly Kind[] = ["ExternalSecret", "ClusterExternalSecret"];
export const pushKinds: readonly Kind[] = ["PushSecret", "ClusterPushSecret"];

const reaching: ReadonlySet<FieldRole> = new Set([
  "vault-path",
  "search",
  "generator",
  "cluster-secret",
  "written-path",
  "bulk-write",
  "other-kind",
]);

export function specPath({ kind }: Subject): Path {
  if (kind === "ClusterExternalSecret") return ["spec", "externalSecretSpec"];
  return kind === "ClusterPushSecret" ? ["spec", "pushSecretSpec"] : ["spec"];
}

/** @throws Undecided */
export function specText(subject: Subject, ...path: Path): string | undefined {
  return text(subject.object, ...specPath(subject), ...path);
}

/** @throws Undecided */
export function specList(subject: Subject, ...path: Path): readonly unknown[] {
  return list(subject.object, ...specPath(subject), ...path);
}

/** Keys that an ExternalSecret fetches under `data`. @throws Undecided */
export function fetchedKeys(subject: Subject): readonly string[] {
  return specList(subject, "data").map((_, i) => specText(subject, "data", i, "secretKey") ?? "");
}

/** Name of an ExternalSecret; a ClusterExternalSecret may name those that it creates. @throws Undecided */
export function externalSecretName({ kind, object }: Subject): string | undefined {
  const named = kind === "ClusterExternalSecret" ? text(object, "spec", "externalSecretName") : undefined;
  return named ?? text(object, "metadata", "name");
}

/** Name of the Secret that an ExternalSecret creates: its own name unless it names another. @throws Undecided */
export function targetOf(subject: Subject): string | undefined {
  return specText(subject, "target", "name") ?? externalSecretName(subject);
}

/** Where {@link targetOf} comes from. @throws Undecided */
export function targetPath(subject: Subject): Path {
  const isNamed = specText(subject, "target", "name") !== undefined;
  return isNamed ? [...specPath(subject), "target", "name"] : ["metadata", "name"];
}

export const referencesOf = oncePerSubject((subject): readonly Reference[] =>
  fieldsOf(subject)
    .filter(({ role }) => reaching.has(role))
    .flatMap(({ path, role }) => pathsIn(subject, path).map((found) => reference(subject.object, found, role))),
);

export function referencesAs(wanted: FieldRole, subject: Subject): readonly Reference[] {
  return referencesOf(subject).filter(({ role }) => role === wanted);
}

export function refusingRoles(subject: Subject, problems: Readonly<Partial<Record<FieldRole, string>>>) {
  return referencesOf(subject).map(({ role, path, key }) => () => {
    const problem = problems[role];
    if (problem === undefined) return undefined;
    key(); // throws while it is not known whether the field is present
    return { path, problem };
  });
}

/** Where the fields of a role are: those that are present, or not known yet. */
export function pathsWithRole(subject: Subject, role: FieldRole): readonly Path[] {
  return fieldsOf(subject)
    .filter((field) => field.role === role)
    .flatMap(({ path }) => pathsIn(subject, path));
}

function fieldsOf({ kind }: Subject): readonly SecretField[] {
  return pushKinds.includes(kind) ? pushSecretFields : externalSecretFields;
}

function reference(object: unknown, path: Path, role: FieldRole): Reference {
  return {
    path,
    role,
    // an empty path is a mistake to report; an empty name of a Secret is a provider's default
    key: () => (role === "cluster-secret" ? text : writtenText)(object, ...path),
    secretKey: () => text(object, ...path.slice(0, -2), "secretKey"),
  };
}

function pathsIn(subject: Subject, pattern: string): readonly Path[] {
  return pathsUnder(subject.object, specPath(subject), pattern);
}

/** Paths below `start` for a pattern such as `data[].remoteRef.key`; an unknown value is present, `null` is absent. */
export function pathsUnder(object: unknown, start: Path, pattern: string): readonly Path[] {
  const parts = pattern.split(".");
  const from = (base: Path, next: number): readonly Path[] => {
    const part = parts[next];
    if (part === undefined) return [base];
    const key = part.replace("[]", "");
    const path = [...base, key];
    try {
      if (part !== key) return list(object, ...path).flatMap((_, i) => from([...path, i], next + 1));
      return at(object, ...path) === undefined ? [] : from(path, next + 1);
    } catch (error) {
      if (error instanceof Undecided) return [[...path, ...parts.slice(next + 1)]];
      throw error;
    }
  };
  return from(start, 0);
}

export function templatePath(subject: Subject): Path {
  return [...specPath(subject), ...(pushKinds.includes(subject.kind) ? [] : ["target"]), "template"];
}

/** What the template's `data` writes. @throws Undecided */
export function templateData(subject: Subject): readonly (readonly [string, unknown])[] {
  return entries(subject.object, ...templatePath(subject), "data");
}
