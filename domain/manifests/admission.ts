import { patternExpression } from "../catalogue/lookup.ts";
import { existsIn } from "../catalogue/secrets.ts";
import { authorities, type Authority, type Catalogue } from "../catalogue/catalogue.ts";
import type { EnvironmentStack, Strictness } from "../plan/environment.ts";
import { normalise } from "../names.ts";
import { passages } from "../catalogue/passage.ts";
import { sourcesOf } from "../catalogue/plan-chain.ts";
import type { EnvironmentName } from "../stage.ts";
import { ourLabels } from "./marks.ts";

type GuardedStack = Pick<EnvironmentStack, "name" | "plan" | "catalogue" | "vault" | "strictness">;

/** The pack's rules that say the same, by the ids under which docs/policies.md explains them. */
const rulesOf = {
  fetch: " [authority-cluster-managed, authority-undeclared-delivery, authority-not-in-catalogue, delivery-find]",
  target: " [authority-cluster-managed]",
  push: " [authority-wrong-writer, authority-mirror-read]",
  pushAll: " [authority-push-all]",
  replace: " [authority-push-replace]",
} as const;

/**
 * Refuses an ExternalSecret that fetches what the catalogue does not let it fetch, or that writes over a Secret of another
 * controller; see `passage.ts` for the table. Names are compared in one form, brought into it once: nested loops over
 * names and keys run out of CEL's budget, and then the lawful is refused as well.
 *
 * @see https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
 */
export function externalSecretPolicy({ name, catalogue, vault }: GuardedStack) {
  const never = authorities.filter((authority) => passages["target-secret"][authority] !== "always");
  const owner = (of: string) => ownerOf(of, catalogue);
  return admissionPolicy(name, "externalsecrets", "v1", {
    variables: [
      { name: "target", expression: normalised(targetName) },
      { name: "delivery", expression: "object.metadata.name + ' ' + variables.target" },
      { name: "keys", expression: `(${askedKeys}).map(k, ${normalised(withoutMount("k", vault.mount))})` },
      { name: "carried", expression: setOf(carriedPaths(catalogue, name)) },
      { name: "declared", expression: setOf(declaredDeliveries(catalogue, name)) },
      {
        name: "refused",
        expression:
          "variables.keys.filter(k, !(k in variables.carried) && !((variables.delivery + ' ' + k) in variables.declared))",
      },
      {
        name: "takesOver",
        expression: `!(variables.delivery in variables.declared) && variables.target.matches(${literal(namesOf(catalogue, never))})`,
      },
    ],
    validations: [
      {
        expression: "variables.refused.size() == 0",
        message: "it fetches a secret that no ExternalSecret may fetch",
        messageExpression: `'it may not fetch ' + variables.refused.map(k, k + ' (' + ${owner("k")} + ')').join(', ') + '; remove the key, or declare the delivery in environments/catalogue.yaml${rulesOf.fetch}'`,
        reason: "Forbidden",
      },
      {
        expression: "!variables.takesOver",
        message: "its target is the Secret of another controller",
        messageExpression: `'its target ' + variables.target + ' (' + ${owner("variables.target")} + ') is the Secret of another controller; choose another name${rulesOf.target}'`,
        reason: "Forbidden",
      },
    ],
  });
}

/**
 * Refuses a PushSecret that would make Vault the authority over a cluster's secret, or write what is not its to write: a
 * mirror replaces what is there, and nothing reads it back (462).
 */
export function pushSecretPolicy({ name, catalogue, vault }: GuardedStack) {
  const mirrored = authorities.filter((authority) => passages["vault-by-others"][authority] === "as-mirror");
  const declared = Object.values(catalogue.inClusterDeliveries).flatMap(({ keys }) => Object.values(keys));
  const read = [...carriedPaths(catalogue, name), ...declared.map((path) => normalise(path.replaceAll("<env>", name)))];
  return admissionPolicy(name, "pushsecrets", "v1alpha1", {
    variables: [
      { name: "keys", expression: `${pushedKeys}.map(k, ${normalised(withoutMount("k", vault.mount))})` },
      { name: "read", expression: setOf(read) },
      {
        name: "refused",
        expression: `variables.keys.filter(k, k in variables.read || !k.matches(${literal(namesOf(catalogue, mirrored))}))`,
      },
    ],
    validations: [
      {
        expression: "variables.refused.size() == 0",
        message: "it writes a secret that is not mirrored into Vault",
        messageExpression: `'it may not write ' + variables.refused.map(k, k + ' (' + (k in variables.read ? 'an ExternalSecret reads it' : ${ownerOf("k", catalogue)}) + ')').join(', ') + '; only secrets of ${mirrored.join(", ")} that no ExternalSecret reads are mirrored${rulesOf.push}'`,
        reason: "Forbidden",
      },
      {
        expression: "!has(object.spec.dataTo) || object.spec.dataTo.size() == 0",
        message: `dataTo pushes whatever keys the Secret has; name each key under data${rulesOf.pushAll}`,
        reason: "Forbidden",
      },
      {
        expression: "!has(object.spec.updatePolicy) || object.spec.updatePolicy == 'Replace'",
        message: `updatePolicy IfNotExists makes Vault the authority over a secret of the cluster; set Replace${rulesOf.replace}`,
        reason: "Forbidden",
      },
    ],
  });
}

/** Where a policy holds, and how hard: told to the audit log, warned to the caller, or refused. */
export function admissionBinding({ plan, strictness }: GuardedStack, policyName: string) {
  return {
    apiVersion: "admissionregistration.k8s.io/v1" as const,
    kind: "ValidatingAdmissionPolicyBinding" as const,
    metadata: { name: policyName, labels: ourLabels },
    spec: {
      policyName,
      validationActions: validationActions(strictness.admission),
      matchResources: {
        namespaceSelector: {
          matchExpressions: [
            {
              key: "kubernetes.io/metadata.name",
              operator: "In",
              values: [...new Set(plan.stores.map(({ namespace }) => namespace))],
            },
          ],
        },
      },
    },
  };
}

function validationActions(stage: Strictness["admission"]): string[] {
  switch (stage) {
    case "off":
      return [];
    case "audit":
      return ["Audit"];
    case "warn":
      return ["Warn", "Audit"];
    case "deny":
      return ["Deny"];
  }
}

interface Judgement {
  readonly variables: { name: string; expression: string }[];
  readonly validations: { expression: string; message: string; messageExpression?: string; reason: string }[];
}

function admissionPolicy(environment: EnvironmentName, resource: string, apiVersion: string, judgement: Judgement) {
  return {
    apiVersion: "admissionregistration.k8s.io/v1" as const,
    kind: "ValidatingAdmissionPolicy" as const,
    metadata: { name: `ameide-secrets-${resource}-${environment}`, labels: ourLabels },
    spec: {
      failurePolicy: "Fail",
      matchConstraints: {
        resourceRules: [
          {
            apiGroups: ["external-secrets.io"],
            apiVersions: [apiVersion],
            operations: ["CREATE", "UPDATE"],
            resources: [resource],
          },
        ],
      },
      // an object from before the policy can still be annotated, lose its finalizer and be deleted
      matchConditions: [
        { name: "changes-its-spec", expression: "oldObject == null || object.spec != oldObject.spec" },
        { name: "is-not-being-deleted", expression: "!has(object.metadata.deletionTimestamp)" },
      ],
      ...judgement,
    },
  };
}

/** Keys of every way to ask; `find` and generators name none, so they count as a name that nothing allows. */
const askedKeys = [
  "(has(object.spec.data) ? object.spec.data.map(d, d.remoteRef.key) : [])",
  "(has(object.spec.dataFrom) ? object.spec.dataFrom.map(f, has(f.extract) ? f.extract.key : has(f.find) ? 'dataFrom.find' : 'dataFrom.sourceRef') : [])",
].join(" + ");

const targetName =
  "(has(object.spec.target) && has(object.spec.target.name) ? object.spec.target.name : object.metadata.name)";

const pushedKeys = "(has(object.spec.data) ? object.spec.data.map(d, d.match.remoteRef.remoteKey) : [])";

/** The same path with or without the mount before it, as ESO takes it. */
function withoutMount(key: string, mount: string): string {
  const data = `${mount}/data/`;
  const bare = `${mount}/`;
  return `(${key}.startsWith('${data}') ? ${key}.substring(${data.length}) : ${key}.startsWith('${bare}') ? ${key}.substring(${bare.length}) : ${key})`;
}

/** `normalise` of names.ts, in CEL. */
function normalised(name: string): string {
  return `${name}.lowerAscii().replace('_', '-').replace('.', '-')`;
}

/** What vault-bootstrap carries here from outside the cluster. */
function carriedPaths(catalogue: Catalogue, environment: EnvironmentName): string[] {
  return Object.entries(catalogue.secrets)
    .filter(([, secret]) => secret.authority === "external" && existsIn(secret, environment))
    .map(([name, secret]) => normalise(secret.vault ?? name));
}

/**
 * What the catalogue lets exactly one delivery do, ours or an in-cluster one: `<name> <target>` says that it is declared,
 * `<name> <target> <path>` that it may fetch the path.
 */
function declaredDeliveries(catalogue: Catalogue, environment: EnvironmentName): string[] {
  const ours = Object.entries(catalogue.deliveries).map(([target, delivery]) => ({
    delivery,
    name: `${delivery.externalSecret ?? `${target}-sync`} ${normalise(target)}`,
    paths: sourcesOf(delivery).map(([, secret]) => catalogue.secrets[secret]?.vault ?? secret),
  }));
  const inCluster = Object.entries(catalogue.inClusterDeliveries).map(([target, delivery]) => ({
    delivery,
    name: `${delivery.externalSecret} ${normalise(target)}`,
    paths: Object.values(delivery.keys).map((path) => path.replaceAll("<env>", environment)),
  }));
  return [...ours, ...inCluster]
    .filter(({ delivery }) => existsIn(delivery, environment))
    .flatMap(({ name, paths }) => [name].concat(paths.map((path) => `${name} ${normalise(path)}`)));
}

/** Who owns a refused name, for the message; the first that matches, as one chain of choices. */
function ownerOf(name: string, catalogue: Catalogue): string {
  const choices = authorities
    .map((authority) => ({ authority, names: namesOf(catalogue, [authority]) }))
    .filter(({ names }) => names !== noName)
    .map(({ authority, names }) => `${name}.matches(${literal(names)}) ? '${authority}' : `);
  return `(${choices.join("")}'not in the catalogue')`;
}

/** Matches nothing, not even the empty name. */
const noName = "^a^";

/** One regular expression over normalised names: every name, alias and pattern of these authorities. */
function namesOf(catalogue: Catalogue, wanted: readonly Authority[]): string {
  const names = catalogue.clusterManaged
    .filter(({ authority }) => wanted.includes(authority))
    .flatMap(({ name, pattern, aliases = [] }) => [name, pattern].concat(aliases))
    .filter((name) => name !== undefined);
  const clients = wanted.includes("keycloak") ? catalogue.keycloakClients.map(({ vaultKey }) => vaultKey) : [];
  const sources = [...new Set([...names, ...clients].map((name) => patternExpression(name).source.slice(1, -1)))];
  return sources.length === 0 ? noName : `^(?:${sources.join("|")})$`;
}

/** A map is looked up at once; a list is walked for each key. */
function setOf(names: readonly string[]): string {
  return `{${[...new Set(names)].map((name) => `${literal(name)}: true`).join(", ")}}`;
}

function literal(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
