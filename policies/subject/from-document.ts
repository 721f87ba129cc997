import { kindOfManifest } from "./kinds.ts";
import { isRecord, type Path } from "./reading.ts";
import { makeSubject, nameOf, type Subject } from "./subject.ts";

/**
 * @param object - a parsed YAML or JSON document; a `List` gives one subject per item.
 * @param id - where it stands, such as `apps/ghcr.yaml#2`.
 * @returns none for what no rule looks at.
 */
export function subjectsOfDocument(object: unknown, id: string, base: Path = []): readonly Subject[] {
  if (!isRecord(object)) return [];
  const { apiVersion, kind, items } = object;
  if (typeof apiVersion !== "string" || typeof kind !== "string") return [];
  if (isList(object) && Array.isArray(items)) {
    return items.flatMap((item: unknown, i) => subjectsOfDocument(item, id, [...base, "items", i]));
  }
  const known = kindOfManifest(apiVersion, kind);
  if (known === undefined) return [];
  const type = `${apiVersion}/${kind}`;
  return [makeSubject({ kind: known, type, origin: "document", object, id, base, name: nameOf(object) })];
}

/** Several objects as one document, such as `kind: List` or `kind: SecretList`. */
export function isList(object: unknown): boolean {
  return isRecord(object) && Array.isArray(object["items"]) && String(object["kind"]).endsWith("List");
}

/** A values file of a chart, which has neither `apiVersion` nor `kind`. */
export function subjectOfValues(object: unknown, file: string): Subject {
  return makeSubject({ kind: "Values", type: "values", origin: "document", object, id: file, name: file });
}
