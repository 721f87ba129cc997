import { passingFault } from "../clients/http.ts";
import { followSyncs } from "../clients/external-secrets.ts";
import { openCluster } from "../clients/kubeconfig.ts";
import type { Cluster } from "../clients/kubernetes.ts";
import { vaultCall } from "../cli/access/vault.ts";
import { localAzure, loadLocalStack } from "../cli/access/local-stack.ts";
import { openRootToken } from "../cli/access/root-token.ts";
import { customMetadataKeys, managedByBootstrap } from "../domain/bootstrap-config.ts";
import type { EnvironmentStack } from "../domain/plan/environment.ts";
import { externalSecret } from "../domain/manifests/external-secret.ts";
import { readerServiceAccount, secretStore } from "../domain/manifests/secret-store.ts";
import { mapBounded, retry } from "../clients/pacing.ts";
import { bootstrapRole } from "../domain/names.ts";
import { planBootstrap } from "../domain/plan/bootstrap-plan.ts";
import { planChain } from "../domain/plan/plan-chain.ts";
import type { Redacted } from "../domain/redacted.ts";
import { vaultPolicies, vaultRoles } from "../domain/resources/vault-policies.ts";
import { localContext, type LocalHome } from "../local/home.ts";
import { runCommand } from "../tests/support/command-line.ts";
import { placeOf } from "../tests/support/local-chain.ts";
import { forget, temporaryHome } from "../tests/support/servers.ts";

/** A local environment with real servers and many more secrets than the catalogue has. */
export interface LiveChain {
  readonly home: LocalHome;
  readonly cluster: Cluster;
  /** As `local up` would plan it with these secrets in the catalogue. */
  readonly stack: EnvironmentStack;
  close(): Promise<void>;
}

/** Longer than any benchmark: scheduled syncs must not affect the measurement. */
const refreshIntervalInSeconds = 3600;
const callsAtOnce = 16;

/** Runs `local up`, then writes `count` secrets and their ExternalSecrets, by the real manifests, to the namespaces. */
export async function startLiveChain(count: number, namespaceCount: number): Promise<LiveChain> {
  const home = await temporaryHome();
  try {
    const up = await runCommand(["local", "up", "--no-overview", ...placeOf(home)]);
    if (up.code !== 0) throw new Error(up.err);
    const cluster = await openCluster({ kubeconfig: home.kubeconfig, context: localContext });
    const more = Array.from({ length: namespaceCount - 2 }, (_none, n) => `bench-${n + 1}`);
    const stack = wideStack(await loadLocalStack(home, [".env.example"]), count, ["ameide-local", "argocd", ...more]);
    const root = await openRootToken({
      vault: { address: stack.vault.operatorAddress },
      cluster,
      namespace: stack.namespace,
    });
    await openNamespaces(cluster, stack);
    await fillVault(stack, root.token);
    await setInKeyVault(home, new Map(stack.plan.secrets.map(({ name }) => [name, `value-of-${name}`])));
    await deliver(cluster, stack);
    return { home, cluster, stack, close: () => forget(home) };
  } catch (error) {
    await forget(home);
    throw error;
  }
}

/** Deliveries go to the namespaces in turn. */
function wideStack(stack: EnvironmentStack, count: number, namespaces: readonly string[]): EnvironmentStack {
  const names = Array.from({ length: count }, (_none, n) => `bench-${n}`);
  const catalogue = {
    ...stack.catalogue,
    secrets: Object.fromEntries(
      names.map((name, n) => [name, { authority: "external" as const, env: `BENCH_${n}`, required: [] }]),
    ),
    deliveries: Object.fromEntries(names.map((name) => [name, { type: "Opaque" as const, keys: { VALUE: name } }])),
  };
  const [namespace = "", ...additionalNamespaces] = namespaces;
  const planned = planChain(catalogue, {
    environment: "local",
    namespace,
    secretPrefix: "",
    additionalNamespaces,
    registryAdditionalNamespaces: [],
    refreshIntervalInSeconds,
  });
  const deliveries = planned.deliveries.map((delivery, n) => ({
    ...delivery,
    namespace: namespaces[n % namespaces.length] ?? namespace,
  }));
  const stores = planned.stores.map((store) => {
    const own = deliveries.filter((one) => one.namespace === store.namespace);
    return { ...store, readablePaths: own.flatMap(({ keys }) => keys.map(({ vaultPath }) => vaultPath)) };
  });
  const plan = { ...planned, deliveries, stores };
  const config = planBootstrap({
    plan,
    catalogue,
    strictness: stack.strictness,
    vault: stack.vault,
    keyVaultUri: stack.azure.keyVaultUri,
    privateAzure: true,
    mappedSecrets: [],
    claimUnmarked: false,
  });
  return { ...stack, catalogue, plan, bootstrap: { ...stack.bootstrap, config } };
}

/** Admission only knows the repository's catalogue and would refuse these names. */
async function openNamespaces(cluster: Cluster, { plan }: EnvironmentStack): Promise<void> {
  const bindings = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings";
  const { items } = await cluster.get<{ items: { metadata: { name: string } }[] }>(bindings);
  for (const { metadata } of items) await cluster.remove(`${bindings}/${metadata.name}`);
  for (const { namespace, serviceAccount } of plan.stores) {
    await createUnlessThere(cluster, "/api/v1/namespaces", {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: namespace },
    });
    await createUnlessThere(cluster, "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: `bench-token-review-${namespace}` },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "system:auth-delegator" },
      subjects: [{ kind: "ServiceAccount", namespace, name: serviceAccount }],
    });
  }
}

async function fillVault(stack: EnvironmentStack, root: Redacted): Promise<void> {
  const { plan, vault, strictness } = stack;
  const call = (path: string, body: object) =>
    vaultCall({ address: vault.operatorAddress }, root, "POST", `/v1/${path}`, body);
  const stores = new Set(plan.stores.map(({ policy }) => policy));
  const isUsed = (policy: string): boolean => stores.has(policy) || policy.startsWith(bootstrapRole);
  for (const { name, policy } of vaultPolicies(stack))
    if (isUsed(name)) await call(`sys/policies/acl/${name}`, { policy });
  for (const role of vaultRoles(stack).filter(({ policy }) => isUsed(policy)))
    await call(`auth/${vault.authMount}/role/${role.name}`, {
      bound_service_account_names: [role.serviceAccount],
      bound_service_account_namespaces: [role.namespace],
      token_policies: [role.policy],
      token_ttl: strictness.tokenTtlInSeconds,
    });
  const { managedBy, authority, sourceVersion, vaultVersion } = customMetadataKeys;
  await mapBounded(plan.secrets, callsAtOnce, async ({ vaultPath }) => {
    await call(`${vault.mount}/data/${vaultPath}`, { data: { value: `value-of-${vaultPath}` } });
    await call(`${vault.mount}/metadata/${vaultPath}`, {
      custom_metadata: {
        [managedBy]: managedByBootstrap,
        [authority]: "external",
        [sourceVersion]: "1",
        [vaultVersion]: "1",
      },
    });
  });
}

export async function setInKeyVault(home: LocalHome, values: ReadonlyMap<string, string>): Promise<void> {
  const azure = localAzure(home, home.azureUrl);
  await mapBounded([...values], callsAtOnce, async ([name, value]) => {
    const put = () => azure.keyVault(`/secrets/${name}`, "PUT", { value });
    // the stand-in enforces Key Vault's limit of creations
    const timing = { retryBaseInMs: 1_000, retryCapInMs: 10_000, retryAttempts: 20 };
    await retry(put, { timing, verdict: passingFault });
  });
  azure.close();
}

async function deliver(cluster: Cluster, stack: EnvironmentStack): Promise<void> {
  const group = "/apis/external-secrets.io/v1/namespaces";
  for (const store of stack.plan.stores) {
    await createUnlessThere(
      cluster,
      `/api/v1/namespaces/${store.namespace}/serviceaccounts`,
      readerServiceAccount(store),
    );
    await createUnlessThere(cluster, `${group}/${store.namespace}/secretstores`, secretStore(store, stack));
  }
  await mapBounded(stack.plan.deliveries, callsAtOnce, (delivery) =>
    cluster.create(`${group}/${delivery.namespace}/externalsecrets`, externalSecret(delivery, "bench")),
  );
}

/** Resolves when each ExternalSecret has synced once. */
export async function untilSynced({ cluster, stack }: LiveChain): Promise<void> {
  const options = { timeoutInMs: 180_000, signal: new AbortController().signal };
  const { left } = await followSyncs(cluster, stack.plan.deliveries, options);
  if (left.length > 0) throw new Error(`${left.length} ExternalSecrets did not sync: ${left[0]?.said}`);
}

/** @returns whether it was created. */
export async function createUnlessThere(
  cluster: Cluster,
  path: string,
  object: { readonly metadata: { readonly name: string }; readonly [field: string]: unknown },
): Promise<boolean> {
  if ((await cluster.find(`${path}/${object.metadata.name}`)) !== undefined) return false;
  await cluster.create(path, object);
  return true;
}
