import { at, entries, list, text, writtenText, type Path } from "./reading.ts";
import { once, type Subject } from "./subject.ts";

/** One name by which an ExternalSecret or PushSecret reaches for a secret. Each part is read when it is asked for. */
export interface Reference {
  readonly path: Path;
  readonly by: "data" | "extract" | "find" | "generator" | "template-from" | "push";
  /** @throws Undecided @returns the key, name or path as written; `undefined` where it is left out. */
  readonly key: () => string | undefined;
  /** @throws Undecided */
  readonly property: () => string | undefined;
  /** Key in the target that it fills; only where one is named. @throws Undecided */
  readonly secretKey: () => string | undefined;
}

const referencesKey = Symbol("references");

/** Where the ExternalSecret's or PushSecret's own spec stands. */
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

/** Every name that an ExternalSecret reads or a PushSecret writes. @throws Undecided where the list itself is unknown */
export function referencesOf(subject: Subject): readonly Reference[] {
  return once(subject, referencesKey, () => {
    const { kind, object } = subject;
    const base = specPath(subject);
    if (kind === "PushSecret" || kind === "ClusterPushSecret") return pushed(object, base);
    return [...fetched(object, base), ...bulkFetched(object, base), ...templated(object, base)];
  });
}

const nothing = (): undefined => undefined;

function fetched(object: unknown, base: Path): readonly Reference[] {
  return list(object, ...base, "data").map((_, i) => {
    const entry = [...base, "data", i];
    return {
      path: [...entry, "remoteRef", "key"],
      by: "data",
      key: () => writtenText(object, ...entry, "remoteRef", "key"),
      property: () => text(object, ...entry, "remoteRef", "property"),
      secretKey: () => text(object, ...entry, "secretKey"),
    };
  });
}

function bulkFetched(object: unknown, base: Path): readonly Reference[] {
  return list(object, ...base, "dataFrom").flatMap((_, i): readonly Reference[] => {
    const entry = [...base, "dataFrom", i];
    if (at(object, ...entry, "extract") !== undefined) {
      const path = [...entry, "extract", "key"];
      return [{ path, by: "extract", key: () => writtenText(object, ...path), property: nothing, secretKey: nothing }];
    }
    const path = [...entry, "find"];
    if (at(object, ...path) !== undefined) {
      const key = (): string | undefined => text(object, ...path, "name", "regexp") ?? text(object, ...path, "path");
      return [{ path, by: "find", key, property: nothing, secretKey: nothing }];
    }
    if (at(object, ...entry, "sourceRef") === undefined) return [];
    return [{ path: [...entry, "sourceRef"], by: "generator", key: nothing, property: nothing, secretKey: nothing }];
  });
}

/** A template may take its text from a Secret of the cluster, and so carry that one on. */
function templated(object: unknown, base: Path): readonly Reference[] {
  const from = [...base, "target", "template", "templateFrom"];
  return list(object, ...from).flatMap((_, i) =>
    ["secret", "configMap"].flatMap((kind): readonly Reference[] => {
      if (at(object, ...from, i, kind) === undefined) return [];
      const path = [...from, i, kind, "name"];
      return [
        { path, by: "template-from", key: () => writtenText(object, ...path), property: nothing, secretKey: nothing },
      ];
    }),
  );
}

function pushed(object: unknown, base: Path): readonly Reference[] {
  return list(object, ...base, "data").map((_, i) => {
    const match = [...base, "data", i, "match"];
    return {
      path: [...match, "remoteRef", "remoteKey"],
      by: "push",
      key: () => writtenText(object, ...match, "remoteRef", "remoteKey"),
      property: () => text(object, ...match, "remoteRef", "property"),
      secretKey: () => text(object, ...match, "secretKey"),
    };
  });
}

/** Keys that the template writes beside or from what is fetched. @throws Undecided */
export function templateData(subject: Subject): readonly (readonly [string, unknown])[] {
  return entries(subject.object, ...specPath(subject), "target", "template", "data");
}
