import { storeServiceAccount } from "../plan/plan-chain.ts";
import { bootstrapName, vaultServerHosts } from "../names.ts";
import { generatorAccountFields, storeAccountFields } from "./secret-fields.ts";
import { admissionPolicy, must, type GuardedStack, literal, optional } from "./admission-policy.ts";

const vault = "object.spec.?provider.?vault";
const reference = `${vault}.?auth.?kubernetes.?serviceAccountRef`;

/** Refuses a SecretStore in a namespace of the environment that leads past its Vault, or that logs in as anyone else. */
export function secretStorePolicy({ name, vault: { address, namespace } }: GuardedStack) {
  const hosts = vaultServerHosts(name).map(literal).join(", ");
  const server = `${vault}.?server.orValue('')`;
  const inNamespace = namespace === undefined ? "" : `${vault}.?namespace.orValue('') == ${literal(namespace)} && `;
  return admissionPolicy(name, {
    apiVersion: "v1",
    resource: "secretstores",
    validations: [
      must(
        "store-provider",
        "object.spec.?provider.orValue({}).size() > 0 && object.spec.provider.all(p, p == 'vault')",
        "a store must use the provider vault",
      ),
      must(
        "store-same-environment",
        `!${vault}.hasValue() || (${inNamespace}(${server} == ${literal(address)} || (isURL(${server}) && url(${server}).getHostname() in [${hosts}])))`,
        `a store must use the Vault of its own environment, such as ${address}${namespace === undefined ? "" : `, namespace ${namespace}`}`,
      ),
      must(
        "store-account",
        `!${vault}.hasValue() || (${vault}.?auth.orValue({}).all(m, m in ['kubernetes', 'namespace']) && !(${reference}.?name.orValue('default') in ['default', '']) && !${reference}.?namespace.hasValue())`,
        `a store must log in with Kubernetes auth as its own ServiceAccount, such as ${storeServiceAccount}`,
      ),
      mustNotBorrow("object.spec.provider", storeAccountFields, undefined, "false"),
    ],
  });
}

/**
 * Refuses a ClusterSecretStore that lets other namespaces log in as an account of this program. Other stores are not
 * judged: the API server asks every environment's policy about an object of the whole cluster.
 */
export function clusterSecretStorePolicy({ name, plan }: GuardedStack) {
  const onlyThere =
    "object.spec.?conditions.orValue([]).size() > 0 && object.spec.conditions.all(c, !c.?namespaceSelector.hasValue() && c.?namespaceRegexes.orValue([]).size() == 0 && c.?namespaces.orValue([]).size() > 0 && c.namespaces.all(n, n == a.namespace))";
  return admissionPolicy(name, {
    apiVersion: "v1",
    resource: "clustersecretstores",
    validations: [mustNotBorrow("object.spec.provider", storeAccountFields, plan, onlyThere)],
  });
}

/** The same for a ClusterGenerator, which every namespace may use: its VaultDynamicSecret reads any path of Vault. */
export function clusterGeneratorPolicy({ name, plan }: GuardedStack) {
  return admissionPolicy(name, {
    apiGroup: "generators.external-secrets.io",
    apiVersion: "v1alpha1",
    resource: "clustergenerators",
    validations: [mustNotBorrow("object.spec.generator", generatorAccountFields, plan, "false")],
  });
}

/** `plan` names the namespaces where readers' accounts are ours; `isAllowed` is CEL about a reader's account `a`. */
function mustNotBorrow(
  base: string,
  fields: readonly string[],
  plan: GuardedStack["plan"] | undefined,
  isAllowed: string,
) {
  const accounts = fields.map((path) => `(${optional(base, path)}.hasValue() ? [${base}.${path}] : [])`);
  const namespaces = [...new Set(plan?.stores.map(({ namespace }) => literal(namespace)))];
  const isOurs = `a.?name.orValue('') == ${literal(storeServiceAccount)} && a.?namespace.orValue('') in [${namespaces.join(", ")}]`;
  return must(
    "store-borrowed-account",
    `(${accounts.join(" + ")}).all(a, a.?name.orValue('') != ${literal(bootstrapName)} && (!(${isOurs}) || (${isAllowed})))`,
    `it logs in as a ServiceAccount of ameide-secrets (${storeServiceAccount}, ${bootstrapName}), so other namespaces could read the secrets of that account; use a SecretStore in the account's own namespace`,
  );
}
