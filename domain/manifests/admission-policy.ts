import { ownedNames } from "../catalogue/lookup.ts";
import { externalSecretsOf, type Catalogue } from "../catalogue/catalogue.ts";
import type { EnvironmentStack } from "../plan/environment.ts";
import { normalise, vaultPathOf } from "../names.ts";
import type { EnvironmentName } from "../stage.ts";
import { ourLabels } from "./labels.ts";
import { pathsOfRole, type FieldRole, type SecretField } from "./secret-fields.ts";

export type GuardedStack = Pick<EnvironmentStack, "name" | "plan" | "catalogue" | "vault">;

/** A ValidatingAdmissionPolicy over one resource: what changes a spec is judged. `variables`: name -> CEL. */
export function admissionPolicy(
  environment: EnvironmentName,
  judged: {
    readonly apiGroup?: string;
    readonly apiVersion: string;
    readonly resource: string;
    readonly variables?: Readonly<Record<string, string>>;
    readonly validations: ReturnType<typeof must>[];
  },
) {
  const { apiGroup = "external-secrets.io", apiVersion, resource, variables = {}, validations } = judged;
  return {
    apiVersion: "admissionregistration.k8s.io/v1" as const,
    kind: "ValidatingAdmissionPolicy" as const,
    metadata: { name: `ameide-secrets-${resource}-${environment}`, labels: ourLabels },
    spec: {
      failurePolicy: "Fail",
      matchConstraints: {
        resourceRules: [
          { apiGroups: [apiGroup], apiVersions: [apiVersion], operations: ["CREATE", "UPDATE"], resources: [resource] },
        ],
      },
      // an object from before the policy can still be annotated, lose its finalizer and be deleted
      matchConditions: [
        { name: "changes-its-spec", expression: "oldObject == null || object.spec != oldObject.spec" },
        { name: "is-not-being-deleted", expression: "!has(object.metadata.deletionTimestamp)" },
      ],
      variables: Object.entries(variables).map(([name, expression]) => ({ name, expression })),
      validations,
    },
  };
}

/**
 * @param rules - ids of the pack's rules that say the same; the message ends in them.
 * @param detail - CEL that gives a better message than `message`, with what was found.
 */
export function must(rules: string, expression: string, message: string, detail?: string) {
  return {
    expression,
    message: `${message} [${rules}]`,
    ...(detail !== undefined && { messageExpression: `${detail} + ${literal(` [${rules}]`)}` }),
    reason: "Forbidden",
  };
}

/** The variable `owners`, which {@link ownerOf} reads. */
export function ownersVariable(catalogue: Catalogue): string {
  return mapOf(ownedNames(catalogue).exact.map(({ name, authority }) => [name, literal(authority)] as const));
}

/** Who owns a normalised name, as `classify` finds it: an exact name beats a pattern. */
export function ownerOf(name: string, catalogue: Catalogue): string {
  let chain = "";
  const { patterns } = ownedNames(catalogue);
  for (let at = 0; at < patterns.length;) {
    const authority = patterns[at]?.authority;
    const end = patterns.findIndex((one, index) => index > at && one.authority !== authority);
    const same = patterns.slice(at, end < 0 ? patterns.length : end);
    const sources = same.map(({ source }) => source).join("|");
    chain += `${name}.matches(${literal(sources)}) ? ${literal(authority ?? unknownOwner)} : `;
    at += same.length;
  }
  return `(${name} in variables.owners ? variables.owners[${name}] : ${chain}${literal(unknownOwner)})`;
}

const unknownOwner = "not in the catalogue";

export function carriedPaths(catalogue: Catalogue, environment: EnvironmentName): string[] {
  return [...externalSecretsOf(catalogue, environment)].map(([name, secret]) => normalise(vaultPathOf(name, secret)));
}

// Loops inside loops exceed CEL's cost limit, so names are normalised once and looked up in maps.
// https://kubernetes.io/docs/reference/using-api/cel/

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

/** A list of what the fields of these roles hold; `toItem` makes an item from the field's value and its entry. */
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
