import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import type { Redacted } from "../../domain/redacted.ts";
import type { Observed, Snapshot } from "../snapshot.ts";
import { type Access, type KubernetesReader, countedAccess } from "./access.ts";
import { observeIdentity, observeKeyVault } from "./azure.ts";
import { observeBootstrap } from "./bootstrap.ts";
import { observePatcher } from "./client-patcher.ts";
import { observePods, observeWorkloads } from "./consumers.ts";
import {
  observeExternalSecrets,
  observeExternalSecretsElsewhere,
  observePushSecrets,
  observeSecrets,
  observeServiceAccounts,
  observeStores,
  observeWarnings,
  type Warnings,
} from "./deliveries.ts";
import { fingerprinter, withoutValues } from "./fingerprint.ts";
import { notAsked, observed, together } from "./observed.ts";
import { observePullsElsewhere } from "./pulls-elsewhere.ts";
import { observeVault } from "./vault.ts";
import { pathIn } from "../../domain/names.ts";

export interface ObserveOptions {
  /**
   * Whether values in Key Vault and Vault are read and compared, too, not only those of the Kubernetes Secrets: needs `Key Vault
   * Secrets User`, and a Vault token that may read data. @default false
   */
  readonly compareValues?: boolean;
  /** Whether the ExternalSecrets of namespaces that the plan does not reach are listed. @default false */
  readonly elsewhere?: boolean;
  /** Key Vault name -> value, of the `.env` at hand. @default - `.env` is not looked at */
  readonly dotenv?: ReadonlyMap<string, Redacted>;
}

/**
 * Looks once at every stage of an environment, all parts at the same time. Changes nothing. Never rejects: what cannot
 * be reached or may not be read is part of the snapshot.
 */
export async function observe(
  stack: EnvironmentStack,
  access: Access,
  options: ObserveOptions = {},
): Promise<Snapshot> {
  const started = performance.now();
  const takenAt = new Date().toISOString();
  const { kubernetes, vault, azure, vaultPods, calls } = countedAccess(access);
  const print = fingerprinter(stack.catalogue.fixtures);
  const values = new Set<string>();
  const fingerprint: typeof print = (value) => {
    const made = print(value);
    // fixtures, samples and placeholders are in the repository for everybody
    if (made.looksLike === "value" || made.looksLike === "template") values.add(value);
    return made;
  };
  const compare = options.compareValues === true ? fingerprint : undefined;
  const names = new Set(stack.plan.secrets.flatMap(({ keyVaultName = [] }) => keyVaultName));
  const [pods, clusterIssuer, keyVault, identity, vaultState, cluster] = await Promise.all([
    vaultPods === undefined ? undefined : observed("ask each pod of Vault for its health", vaultPods),
    observeIssuer(kubernetes),
    observeKeyVault(azure, stack.azure, names, compare),
    observeIdentity(azure, stack),
    observeVault(vault, kubernetes, stack, vaultPathsOf(stack), compare),
    observeCluster(kubernetes, stack, fingerprint, options.elsewhere === true),
  ]);
  const seen: Snapshot = {
    schema: 1,
    takenAt,
    tookInMilliseconds: Math.round(performance.now() - started),
    calls: calls(),
    environment: stack.name,
    namespace: stack.namespace,
    dotenv: observeDotenv(options.dotenv, fingerprint),
    keyVault,
    identity: { ...identity, clusterIssuer },
    vault: { ...vaultState, ...(pods && (!pods.ok || pods.value.length > 1) && { pods }) },
    ...cluster,
  };
  return withoutValues(seen, values);
}

function observeDotenv(
  values: ReadonlyMap<string, Redacted> | undefined,
  fingerprint: ReturnType<typeof fingerprinter>,
): Snapshot["dotenv"] {
  if (values === undefined) return notAsked("read .env", "no file was given");
  const states = [...values].map(([keyVaultName, value]) => ({
    keyVaultName,
    fingerprint: fingerprint(value.reveal()),
  }));
  return { ok: true, value: states };
}

function observeIssuer(kubernetes: KubernetesReader | string): Promise<Observed<string>> {
  const asked = "read /.well-known/openid-configuration of the cluster";
  if (typeof kubernetes === "string") return Promise.resolve(notAsked(asked, kubernetes));
  return observed(asked, async () => {
    const { issuer } = await kubernetes.get<{ issuer: string }>("/.well-known/openid-configuration");
    return issuer;
  });
}

/** Every namespace that the chain of an environment reaches, its own first. */
export function namespacesOf({ namespace, plan }: Pick<EnvironmentStack, "namespace" | "plan">): readonly string[] {
  return [...new Set([namespace, ...plan.stores.map((s) => s.namespace), ...plan.deliveries.map((d) => d.namespace)])];
}

/** Paths under the mount that are looked at: what we carry, and what the client-patcher and others declare to. */
export function vaultPathsOf({ plan, catalogue, name }: EnvironmentStack): readonly string[] {
  const inCluster = Object.values(catalogue.inClusterDeliveries).filter(
    ({ environments }) => environments?.includes(name) ?? true,
  );
  return [
    ...new Set([
      ...plan.secrets.map(({ vaultPath }) => vaultPath),
      ...catalogue.keycloakClients.map(({ vaultKey }) => vaultKey),
      ...inCluster.flatMap(({ keys }) => Object.values(keys).map((path) => pathIn(name, path))),
    ]),
  ];
}

/** Secrets of a namespace that are looked at whoever labelled them: ours, and those that logins through Keycloak need. */
function targetsIn(
  namespace: string,
  { namespace: own, plan, catalogue, name }: EnvironmentStack,
): ReadonlySet<string> {
  const ofKeycloak = Object.entries(catalogue.inClusterDeliveries)
    .filter(([, { authority, environments }]) => authority === "keycloak" && (environments?.includes(name) ?? true))
    .filter(([, { namespaces = ["environment"] }]) =>
      namespaces.some((one) => (one === "environment" ? own : one) === namespace),
    );
  const ours = plan.deliveries.filter((delivery) => delivery.namespace === namespace);
  return new Set([...ours.map(({ target }) => target), ...ofKeycloak.map(([target]) => target)]);
}

type ClusterParts = Pick<
  Snapshot,
  | "bootstrap"
  | "stores"
  | "externalSecrets"
  | "externalSecretsElsewhere"
  | "pushSecrets"
  | "warned"
  | "secrets"
  | "serviceAccounts"
  | "pods"
  | "workloads"
  | "pullsElsewhere"
  | "clientPatcher"
>;

async function observeCluster(
  kubernetes: KubernetesReader | string,
  stack: EnvironmentStack,
  fingerprint: ReturnType<typeof fingerprinter>,
  elsewhere: boolean,
): Promise<ClusterParts> {
  if (typeof kubernetes === "string") return unseenCluster(kubernetes);
  const namespaces = namespacesOf(stack);
  const none: Warnings = new Map();
  const [externalSecretsElsewhere, bootstrap, clientPatcher, pullsElsewhere, parts] = await Promise.all([
    elsewhere ? observeExternalSecretsElsewhere(kubernetes, namespaces) : undefined,
    observeBootstrap(kubernetes, stack),
    observePatcher(kubernetes, stack.namespace),
    observePullsElsewhere(kubernetes, stack, namespaces),
    Promise.all(
      namespaces.map(async (namespace) => {
        const seen = await observeWarnings(kubernetes, namespace);
        const warnings = seen.ok ? seen.value : none;
        const warned: Observed<readonly string[]> = seen.ok ? { ok: true, value: [...seen.value.keys()] } : seen;
        const targets = targetsIn(namespace, stack);
        const [stores, externalSecrets, pushSecrets, secrets, serviceAccounts, pods, workloads] = await Promise.all([
          observeStores(kubernetes, namespace, warnings),
          observeExternalSecrets(kubernetes, namespace, warnings),
          observePushSecrets(kubernetes, namespace),
          observeSecrets(kubernetes, namespace, targets, fingerprint),
          observeServiceAccounts(kubernetes, namespace),
          observePods(kubernetes, namespace, warnings),
          observeWorkloads(kubernetes, namespace),
        ]);
        return { stores, externalSecrets, pushSecrets, warned, secrets, serviceAccounts, pods, workloads };
      }),
    ),
  ]);
  return {
    bootstrap,
    clientPatcher,
    pullsElsewhere,
    stores: together(parts.map(({ stores }) => stores)),
    externalSecrets: together(parts.map(({ externalSecrets }) => externalSecrets)),
    ...(externalSecretsElsewhere && { externalSecretsElsewhere }),
    pushSecrets: together(parts.map(({ pushSecrets }) => pushSecrets)),
    warned: together(parts.map(({ warned }) => warned)),
    secrets: together(parts.map(({ secrets }) => secrets)),
    serviceAccounts: together(parts.map(({ serviceAccounts }) => serviceAccounts)),
    pods: together(parts.map(({ pods }) => pods)),
    workloads: together(parts.map(({ workloads }) => workloads)),
  };
}

function unseenCluster(why: string): ClusterParts {
  const nothing = notAsked("read the cluster", why);
  const bootstrap = { cronJob: nothing, jobs: nothing, status: nothing, log: nothing, credentialsSecret: nothing };
  return {
    bootstrap,
    clientPatcher: nothing,
    stores: nothing,
    externalSecrets: nothing,
    pushSecrets: nothing,
    warned: nothing,
    secrets: nothing,
    serviceAccounts: nothing,
    pods: nothing,
    workloads: nothing,
    pullsElsewhere: nothing,
  };
}
