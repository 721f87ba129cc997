import {
  externalSecretName,
  existsIn,
  sourcesOf,
  ownNamespace,
  authorities,
  type Catalogue,
} from "../catalogue/catalogue.ts";
import { ownedNames } from "../catalogue/lookup.ts";
import { conditions } from "../catalogue/authority.ts";
import { normalise, pathIn, vaultPathOf } from "../names.ts";
import {
  admissionPolicy,
  carriedPaths,
  must,
  ownerOf,
  ownersVariable,
  type GuardedStack,
  fieldsOf,
  literal,
  mapOf,
  normalised,
  optional,
  presentFields,
  setOf,
  withoutMount,
} from "./admission-policy.ts";
import { dataFromMembers, externalSecretFields } from "./secret-fields.ts";

const rulesOf = {
  fetch: "authority-cluster-managed, authority-undeclared-delivery, authority-not-in-catalogue, authority-retired",
  target: "authority-cluster-managed, authority-undeclared-delivery",
  declaredTarget: "authority-declared-target",
  find: "delivery-find",
  kind: "delivery-target-kind",
  policies: "delivery-policies",
  property: "delivery-property",
  refresh: "delivery-refresh",
  rotated: "delivery-refresh-rotated",
  docker: "delivery-docker-config",
  merge: "delivery-merge",
} as const;

const targetName = "(object.spec.?target.?name.orValue('') != '' ? object.spec.target.name : object.metadata.name)";
const templateData = optional("object.spec", "target.template.data");
const refresh = "duration(object.spec.?refreshInterval.orValue('1h'))";

/**
 * Refuses an ExternalSecret that fetches or copies what the catalogue does not let it, that writes a Secret of another
 * controller or of another delivery, or that is delivered in a way that the pack refuses. See `authority.ts` for
 * what is allowed, and `secret-fields.ts` for the fields.
 *
 * @see https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
 */
export function externalSecretPolicy(stack: GuardedStack) {
  const { name, catalogue, vault } = stack;
  const never = authorities.filter((authority) => conditions["target-secret"][authority] !== "always");
  const owner = (of: string) => ownerOf(of, catalogue);
  const deliveries = deliveriesHere(stack);
  const refusals = (list: string) => `variables.${list}.map(k, k + ' (' + ${owner("k")} + ')').join(', ')`;
  return admissionPolicy(name, {
    apiVersion: "v1",
    resource: "externalsecrets",
    variables: [
      ownersVariable(catalogue),
      { name: "target", expression: targetName },
      { name: "targetKey", expression: normalised("variables.target") },
      { name: "delivery", expression: "request.namespace + ' ' + object.metadata.name + ' ' + variables.target" },
      {
        name: "asked",
        expression: fieldsOf(
          externalSecretFields,
          ["vault-path"],
          (key, entry) =>
            `{'key': ${normalised(withoutMount(key, vault.mount))}, 'into': string(${entry}.?secretKey.orValue(''))}`,
        ),
      },
      { name: "copied", expression: fieldsOf(externalSecretFields, ["cluster-secret"], normalised) },
      { name: "unnamed", expression: presentFields(externalSecretFields, "search", "generator") },
      { name: "carried", expression: setOf(carriedPaths(catalogue, name)) },
      { name: "copyable", expression: setOf(copyableSecrets(catalogue)) },
      { name: "declared", expression: setOf(deliveries.flatMap(({ keys }) => keys)) },
      { name: "isDeclared", expression: "variables.delivery in variables.declared" },
      {
        name: "creationPolicy",
        expression: `variables.delivery in ${setOf(deliveries.flatMap(({ merges, keys: [own = ""] }) => (merges ? [own] : [])))} ? 'Merge' : 'Owner'`,
      },
      { name: "makers", expression: mapOf(deliveries.map(({ target, maker }) => [target, literal(maker)] as const)) },
      {
        name: "maker",
        expression: "variables.makers[?request.namespace + ' ' + variables.target].orValue(object.metadata.name)",
      },
      {
        name: "refused",
        expression:
          "variables.asked.filter(a, !(a.key in variables.carried) && !((variables.delivery + ' ' + a.into + ' ' + a.key) in variables.declared) && !((variables.delivery + ' * ' + a.key) in variables.declared)).map(a, a.key)",
      },
      { name: "refusedCopies", expression: "variables.copied.filter(k, !(k in variables.copyable))" },
      { name: "ours", expression: setOf(freeTargets(catalogue)) },
      {
        name: "takesOver",
        expression: `!variables.isDeclared && !(variables.targetKey in variables.ours) && ${owner("variables.targetKey")} in [${never.map(literal).join(", ")}]`,
      },
      { name: "texts", expression: `${templateData}.orValue({}).map(k, object.spec.target.template.data[k])` },
      { name: "text", expression: "variables.texts.join(' ')" },
    ],
    validations: [
      must("variables.refused.size() == 0", "it fetches a secret that no ExternalSecret may fetch", {
        rules: rulesOf.fetch,
        detail: `'it may not fetch ' + ${refusals("refused")} + '; remove the key, or declare the delivery in environments/catalogue.yaml'`,
      }),
      must("variables.refusedCopies.size() == 0", "its template copies a Secret that no ExternalSecret may copy", {
        rules: rulesOf.fetch,
        detail: `'its template may not copy the Secret ' + ${refusals("refusedCopies")} + '; fetch what it needs under data'`,
      }),
      must("!variables.takesOver", "its target is the Secret of another controller", {
        rules: rulesOf.target,
        detail: `'its target ' + variables.target + ' (' + ${owner("variables.targetKey")} + ') is the Secret of another controller; choose another name'`,
      }),
      must("variables.maker == object.metadata.name", "its target belongs to another ExternalSecret", {
        rules: rulesOf.declaredTarget,
        detail: `'its target ' + variables.target + ' belongs to the ExternalSecret ' + variables.maker + '; choose another name'`,
      }),
      must("variables.unnamed.size() == 0", "it takes what it does not name", {
        rules: rulesOf.find,
        detail: `variables.unnamed.join(', ') + ' takes what no field names; name each key under data'`,
      }),
      must(
        `object.spec.?dataFrom.orValue([]).all(e, ${dataFromMembers.map((member) => `(${optional("e", member)}.hasValue() ? 1 : 0)`).join(" + ")} <= 1)`,
        `an entry of dataFrom has more than one of ${dataFromMembers.join(", ")}; keep one`,
        { rules: rulesOf.find },
      ),
      must(
        `${presentFields(externalSecretFields, "other-kind")}.size() == 0`,
        "target.manifest writes values into another kind of object; remove it",
        { rules: rulesOf.kind },
      ),
      must(
        "object.spec.?target.?creationPolicy.orValue('Owner') == variables.creationPolicy && object.spec.?target.?deletionPolicy.orValue('Retain') == 'Retain'",
        "set creationPolicy: Owner, or Merge where the catalogue declares it, and deletionPolicy: Retain",
        {
          rules: rulesOf.policies,
          detail: "'set creationPolicy: ' + variables.creationPolicy + ' and deletionPolicy: Retain'",
        },
      ),
      must(
        "object.spec.?data.orValue([]).all(d, d.remoteRef.?property.orValue('') == 'value')",
        "every remoteRef needs property: value",
        { rules: rulesOf.property },
      ),
      must(
        `object.spec.?refreshPolicy.orValue('') in ['CreatedOnce', 'OnChange'] || ${refresh} >= duration('60s')`,
        "refreshInterval must be at least 60s",
        { rules: rulesOf.refresh },
      ),
      ...(name === "dev" || name === "local" ? [] : [refreshesRotated(catalogue)]),
      must(
        `object.spec.?target.?template.?type.orValue('') != 'kubernetes.io/dockerconfigjson' || (${templateData}[?'.dockerconfigjson'].orValue('').contains('"auths"') && object.spec.?data.orValue([]).filter(d, object.spec.target.template.data['.dockerconfigjson'].contains('.' + d.secretKey)).size() >= 2)`,
        "a pull secret composes .dockerconfigjson in its template from user name and token",
        { rules: rulesOf.docker },
      ),
      must(
        "object.spec.?target.?template.?mergePolicy.orValue('Replace') == 'Merge' || variables.texts.size() == 0 || object.spec.?data.orValue([]).all(d, variables.text.contains(d.secretKey))",
        "its template drops fetched keys; set target.template.mergePolicy: Merge",
        { rules: rulesOf.merge },
      ),
    ],
  });
}

/** What Keycloak or a service rotates; advisory in dev and local, as the rule is. */
function refreshesRotated(catalogue: Catalogue) {
  const rotated = "['keycloak', 'service']";
  return must(
    `${refresh} <= duration('15m') || variables.asked.all(a, !(${ownerOf("a.key", catalogue)} in ${rotated}))`,
    "it reads a secret that its owner rotates; set refreshInterval to 15m or less",
    { rules: rulesOf.rotated },
  );
}

/** Secrets that hold external secrets only, and may be copied as these may be fetched. */
function copyableSecrets(catalogue: Catalogue): string[] {
  return ownedNames(catalogue).exact.flatMap(({ name, authority }) => (authority === "external" ? [name] : []));
}

/** Names that the catalogue knows and that no controller owns as a Secret. */
function freeTargets(catalogue: Catalogue): string[] {
  return ownedNames(catalogue).exact.flatMap(({ name, kind }) =>
    kind === "secret" || kind === "delivery" ? [name] : [],
  );
}

interface DeliveryHere {
  /** `<namespace> <target>` */
  readonly target: string;
  /** Name of its ExternalSecret. */
  readonly maker: string;
  /**
   * `<namespace> <ExternalSecret> <target>` says that it is declared, with `<key in the target> <path>` after it that it
   * may fetch the path; the key is `*` where the catalogue leaves it open.
   */
  readonly keys: readonly string[];
  /** Whether another owner creates the Secret, and the delivery only merges into it. */
  readonly merges: boolean;
}

/** What the catalogue lets exactly one delivery do in each namespace, ours or an in-cluster one. */
function deliveriesHere({ name: environment, plan, catalogue }: GuardedStack): readonly DeliveryHere[] {
  const everywhere = [...new Set(plan.stores.map(({ namespace }) => namespace))];
  const inNamespaces = (names: readonly string[] = [ownNamespace]) =>
    names.map((name) => (name === ownNamespace ? plan.namespace : name));
  const ours = Object.entries(catalogue.deliveries).map(([target, delivery]) => ({
    target,
    delivery,
    maker: externalSecretName(target, delivery),
    // the settings say which namespaces receive a pull secret, so any may
    namespaces: delivery.registry === undefined ? inNamespaces(delivery.namespaces) : everywhere,
    sources: sourcesOf(delivery).map(
      ([key, secret]) =>
        [delivery.secrets === undefined ? key : "*", vaultPathOf(secret, catalogue.secrets[secret])] as const,
    ),
  }));
  const inCluster = Object.entries(catalogue.inClusterDeliveries).map(([target, delivery]) => ({
    target,
    delivery,
    maker: delivery.externalSecret,
    namespaces: inNamespaces(delivery.namespaces),
    sources: Object.entries(delivery.keys).map(([key, path]) => [key, pathIn(environment, path)] as const),
  }));
  return [...ours, ...inCluster]
    .filter(({ delivery }) => existsIn(delivery, environment))
    .flatMap(({ target, delivery, maker, namespaces, sources }) =>
      namespaces.map((namespace) => {
        const own = `${namespace} ${maker} ${target}`;
        const keys = [own, ...sources.map(([key, path]) => `${own} ${key} ${normalise(path)}`)];
        const merges = "creationPolicy" in delivery && delivery.creationPolicy === "Merge";
        return { target: `${namespace} ${target}`, maker, keys, merges };
      }),
    );
}
