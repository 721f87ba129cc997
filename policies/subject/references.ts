import { at, entries, list, text, type Path } from "./reading.ts";
import { once, tryText, type Subject } from "./subject.ts";

/** One name by which an ExternalSecret or PushSecret reaches for a secret. */
export interface Reference {
  readonly path: Path;
  readonly by: "data" | "extract" | "find" | "template-from" | "push";
  /** Key in the target that it fills; only where one is named. */
  readonly secretKey?: string | undefined;
  /** @throws Undecided @returns the key, name or path as written; `undefined` where it is left out. */
  readonly key: () => string | undefined;
  /** @throws Undecided */
  readonly property: () => string | undefined;
}

const specKey = Symbol("spec");
const referencesKey = Symbol("references");

/** Where the ExternalSecret's or PushSecret's own spec stands. */
export function specPath({ kind }: Subject): Path {
  if (kind === "ClusterExternalSecret") return ["spec", "externalSecretSpec"];
  if (kind === "ClusterPushSecret") return ["spec", "pushSecretSpec"];
  return ["spec"];
}

/** @throws Undecided */
export function specOf(subject: Subject): unknown {
  return once(subject, specKey, () => at(subject.object, ...specPath(subject)));
}

/** Name of the Secret that an ExternalSecret makes: its own name where it names none. @throws Undecided */
export function targetOf(subject: Subject): string | undefined {
  const named = text(specOf(subject), "target", "name");
  if (named !== undefined && named !== "") return named;
  if (subject.kind === "ClusterExternalSecret") {
    const own = text(subject.object, "spec", "externalSecretName");
    if (own !== undefined) return own;
  }
  return text(subject.object, "metadata", "name");
}

/** Every name that an ExternalSecret reads or a PushSecret writes. @throws Undecided where the list itself is unknown */
export function referencesOf(subject: Subject): readonly Reference[] {
  return once(subject, referencesKey, () => {
    const spec = specOf(subject);
    const base = specPath(subject);
    return subject.kind === "PushSecret" || subject.kind === "ClusterPushSecret"
      ? pushed(spec, base)
      : [...fetched(spec, base), ...templated(spec, base)];
  });
}

function fetched(spec: unknown, base: Path): readonly Reference[] {
  const data = list(spec, "data").map((entry, i): Reference => ({
    path: [...base, "data", i, "remoteRef", "key"],
    by: "data",
    secretKey: tryText(entry, "secretKey"),
    key: () => text(entry, "remoteRef", "key"),
    property: () => text(entry, "remoteRef", "property"),
  }));
  const from = list(spec, "dataFrom").flatMap((entry, i) => bulkFetched(entry, [...base, "dataFrom", i]));
  return [...data, ...from];
}

function bulkFetched(entry: unknown, base: Path): readonly Reference[] {
  if (at(entry, "extract") !== undefined) {
    const property = (): string | undefined => text(entry, "extract", "property");
    return [{ path: [...base, "extract", "key"], by: "extract", key: () => text(entry, "extract", "key"), property }];
  }
  if (at(entry, "find") === undefined) return [];
  const key = (): string | undefined => text(entry, "find", "name", "regexp") ?? text(entry, "find", "path");
  return [{ path: [...base, "find"], by: "find", key, property: () => undefined }];
}

/** A template may take its text from a Secret of the cluster, and so carry that one on. */
function templated(spec: unknown, base: Path): readonly Reference[] {
  return list(spec, "target", "template", "templateFrom").flatMap((source, i) =>
    ["secret", "configMap"].flatMap((kind): readonly Reference[] => {
      if (at(source, kind) === undefined) return [];
      return [
        {
          path: [...base, "target", "template", "templateFrom", i, kind, "name"],
          by: "template-from",
          key: () => text(source, kind, "name"),
          property: () => undefined,
        },
      ];
    }),
  );
}

function pushed(spec: unknown, base: Path): readonly Reference[] {
  return list(spec, "data").map((entry, i) => ({
    path: [...base, "data", i, "match", "remoteRef", "remoteKey"],
    by: "push",
    secretKey: tryText(entry, "match", "secretKey"),
    key: () => text(entry, "match", "remoteRef", "remoteKey"),
    property: () => text(entry, "match", "remoteRef", "property"),
  }));
}

/** Keys that the template writes beside or from what is fetched. @throws Undecided */
export function templateData(subject: Subject): readonly (readonly [string, unknown])[] {
  return entries(specOf(subject), "target", "template", "data");
}
