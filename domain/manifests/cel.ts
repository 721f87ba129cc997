import { pathsOfRole, type FieldRole, type SecretField } from "./secret-fields.ts";

/**
 * Pieces of CEL for admission policies. Loops inside loops exceed CEL's cost limit, so names are looked up in maps and
 * compared in one form, which each is brought into once.
 *
 * @see https://kubernetes.io/docs/reference/using-api/cel/
 */

export function literal(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

/** A map finds a name at once; a list is walked for each key. */
export function setOf(names: readonly string[]): string {
  return mapOf(names.map((name) => [name, "true"] as const));
}

/** @param entries - each value is an expression. */
export function mapOf(entries: readonly (readonly [string, string])[]): string {
  return `{${[...new Map(entries)].map(([name, value]) => `${literal(name)}: ${value}`).join(", ")}}`;
}

/** `normalise` of names.ts, in CEL. */
export function normalised(name: string): string {
  return `${name}.lowerAscii().replace('_', '-').replace('.', '-')`;
}

/** The same path with or without the mount before it, as External Secrets accepts it. */
export function withoutMount(key: string, mount: string): string {
  const data = `${mount}/data/`;
  const bare = `${mount}/`;
  return `(${key}.startsWith('${data}') ? ${key}.substring(${data.length}) : ${key}.startsWith('${bare}') ? ${key}.substring(${bare.length}) : ${key})`;
}

/**
 * A list of what the fields of these roles hold, over the whole spec; absent fields are left out.
 *
 * @param toItem - makes an item of the list from the field's value and from the entry of the list that it is in.
 */
export function fieldsOf(
  fields: readonly SecretField[],
  roles: readonly FieldRole[],
  toItem: (value: string, entry: string) => string,
): string {
  const lists = pathsOfRole(fields, ...roles).map((path) => {
    const [before = "", after] = path.split("[]");
    if (after === undefined) {
      const only = optional("object.spec", path);
      return `(${only}.hasValue() ? [${toItem(`object.spec.${path}`, "object.spec")}] : [])`;
    }
    const entries = `${optional("object.spec", before)}.orValue([])`;
    const rest = after.replace(/^\./, "");
    if (rest === "") return `${entries}.map(e, ${toItem("e", "e")})`;
    return `${entries}.filter(e, ${optional("e", rest)}.hasValue()).map(e, ${toItem(`e.${rest}`, "e")})`;
  });
  return lists.length === 0 ? "[]" : `(${lists.join(" + ")})`;
}

/** Names of the fields of these roles that are present, as text for a message. */
export function presentFields(fields: readonly SecretField[], ...roles: readonly FieldRole[]): string {
  const lists = pathsOfRole(fields, ...roles).map((path) =>
    fieldsOf([{ path, role: "search" }], ["search"], () => literal(path)),
  );
  return `(${lists.join(" + ")})`;
}

/** `a.?b.?c`, which is absent where one of them is. */
export function optional(object: string, path: string): string {
  return `${object}.?${path.split(".").join(".?")}`;
}
