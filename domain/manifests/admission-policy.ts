import { ownedNames } from "../catalogue/lookup.ts";
import { existsIn } from "../catalogue/secrets.ts";
import type { Authority, Catalogue } from "../catalogue/catalogue.ts";
import type { EnvironmentStack } from "../plan/environment.ts";
import { normalise, vaultPathOf } from "../names.ts";
import type { EnvironmentName } from "../stage.ts";
import { literal, mapOf } from "./cel.ts";
import { ourLabels } from "./marks.ts";

export type GuardedStack = Pick<EnvironmentStack, "name" | "plan" | "catalogue" | "vault">;

interface Variable {
  readonly name: string;
  readonly expression: string;
}

interface Validation {
  readonly expression: string;
  readonly message: string;
  readonly messageExpression?: string;
  readonly reason: string;
}

export interface Judged {
  readonly apiGroup?: string;
  readonly apiVersion: string;
  readonly resource: string;
  readonly variables: readonly Variable[];
  readonly validations: readonly Validation[];
}

/** A ValidatingAdmissionPolicy over one resource: what changes a spec is judged, on creation and on update. */
export function admissionPolicy(environment: EnvironmentName, judged: Judged) {
  const { apiGroup = "external-secrets.io", apiVersion, resource, variables, validations } = judged;
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
      variables: [...variables],
      validations: [...validations],
    },
  };
}

/**
 * Something that must hold, refused with the rule's id.
 *
 * @param message - plain text.
 * @param detail - CEL that gives a better message, with what was found.
 */
export function must(
  expression: string,
  message: string,
  { rules, detail }: { readonly rules: string; readonly detail?: string },
) {
  return {
    expression,
    message: `${message} [${rules}]`,
    ...(detail === undefined ? {} : { messageExpression: `${detail} + ${literal(` [${rules}]`)}` }),
    reason: "Forbidden",
  };
}

/** The variable `owners`, which {@link ownerOf} reads. */
export function ownersVariable(catalogue: Catalogue) {
  const exact = ownedNames(catalogue).exact.map(({ name, authority }) => [name, literal(authority)] as const);
  return { name: "owners", expression: mapOf(exact) };
}

/** Who owns a normalised name, as `classify` finds it: an exact name beats a pattern. */
export function ownerOf(name: string, catalogue: Catalogue): string {
  const choices: { readonly authority: Authority | undefined; readonly sources: string[] }[] = [];
  for (const { authority, source } of ownedNames(catalogue).patterns) {
    const last = choices.at(-1);
    if (last !== undefined && last.authority === authority) last.sources.push(source);
    else choices.push({ authority, sources: [source] });
  }
  const chain = choices.map(
    ({ authority, sources }) =>
      `${name}.matches(${literal(sources.join("|"))}) ? ${literal(authority ?? unknownOwner)} : `,
  );
  return `(${name} in variables.owners ? variables.owners[${name}] : ${chain.join("")}${literal(unknownOwner)})`;
}

const unknownOwner = "not in the catalogue";

/** Paths that vault-bootstrap carries here from outside the cluster. */
export function carriedPaths(catalogue: Catalogue, environment: EnvironmentName): string[] {
  return Object.entries(catalogue.secrets)
    .filter(([, secret]) => secret.authority === "external" && existsIn(secret, environment))
    .map(([name, secret]) => normalise(vaultPathOf(name, secret)));
}
