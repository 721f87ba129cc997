import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import type { Redacted } from "../../domain/redacted.ts";
import type { Observed, Snapshot } from "../snapshot.ts";
import { type Access, type KubernetesReader, countedAccess } from "./access.ts";
import { observeIdentity, observeKeyVault } from "./azure.ts";
import { observeBootstrap, observePatcher } from "./jobs.ts";
import { observePods, observeWorkloads, observePullsElsewhere } from "./consumers.ts";
import {
  observeExternalSecrets,
  observePushSecrets,
  observeSecrets,
  observeServiceAccounts,
  observeStores,
  observeWarnings,
  type Warnings,
} from "./deliveries.ts";
import { fingerprinter, withoutValues } from "./fingerprint.ts";
import { allOf, defined, notAsked, observed, together } from "./observed.ts";
import { observeVault } from "./vault.ts";
import { pathIn } from "../../domain/names.ts";

export interface ObserveOptions {
  /** Whether values in Key Vault and Vault are compared, too: needs the rights to read them. @default false */
  readonly compareValues?: boolean;
  /** Whether the ExternalSecrets of namespaces that the plan does not reach are listed. @default false */
  readonly elsewhere?: boolean;
  /** Key Vault name -> value, of the `.env`. @default - `.env` is not read */
  readonly dotenv?: ReadonlyMap<string, Redacted>;
}

/** Reads every stage of an environment at the same time. Never rejects: a failure is part of the snapshot. */
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
  const { pods, clusterIssuer, keyVault, identity, vaultState, cluster, externalSecretsElsewhere } = await allOf({
    pods: vaultPods && observed("ask each pod of Vault for its health", vaultPods),
    clusterIssuer: observed("read /.well-known/openid-configuration of the cluster", async () => {
      const { issuer } = await kubernetes.get<{ issuer: string }>("/.well-known/openid-configuration");
      return issuer;
    }),
    keyVault: observeKeyVault(azure, stack.azure, names, compare),
    identity: observeIdentity(azure, stack),
    vaultState: observeVault(vault, kubernetes, stack, vaultPathsOf(stack), compare),
    cluster: observeCluster(kubernetes, stack, fingerprint),
    externalSecretsElsewhere: options.elsewhere === true ? observeElsewhere(kubernetes, stack) : undefined,
  });
  const snapshot: Snapshot = {
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
    ...defined({ externalSecretsElsewhere }),
  };
  return withoutValues(snapshot, values);
}

function observeDotenv(
  values: ReadonlyMap<string, Redacted> | undefined,
  fingerprint: ReturnType<typeof fingerprinter>,
): Snapshot["dotenv"] {
  if (values === undefined) return notAsked("read .env", "no file was given");
  const value = [...values].map(([keyVaultName, one]) => ({ keyVaultName, fingerprint: fingerprint(one.reveal()) }));
  return { ok: true, value };
}

async function observeElsewhere(
  kubernetes: KubernetesReader,
  stack: EnvironmentStack,
): Promise<Snapshot["externalSecrets"]> {
  const all = await observeExternalSecrets(kubernetes);
  const namespaces = namespacesOf(stack);
  return all.ok ? { ok: true, value: all.value.filter(({ namespace }) => !namespaces.includes(namespace)) } : all;
}

/** Every namespace that the chain of an environment reaches, its own first. */
export function namespacesOf({ namespace, plan }: Pick<EnvironmentStack, "namespace" | "plan">): readonly string[] {
  return [...new Set([namespace, ...plan.stores.map((s) => s.namespace), ...plan.deliveries.map((d) => d.namespace)])];
}

/** What other owners deliver in this environment, as the catalogue declares it, by target. */
function inClusterDeliveries({ catalogue, name }: EnvironmentStack) {
  return Object.entries(catalogue.inClusterDeliveries).filter(([, one]) => one.environments?.includes(name) ?? true);
}

/** Paths under the mount that are read: what we carry, and what the client-patcher and others declare to write. */
export function vaultPathsOf(stack: EnvironmentStack): readonly string[] {
  const inCluster = inClusterDeliveries(stack).flatMap(([, { keys }]) => Object.values(keys));
  return [
    ...new Set([
      ...stack.plan.secrets.map(({ vaultPath }) => vaultPath),
      ...stack.catalogue.keycloakClients.map(({ vaultKey }) => vaultKey),
      ...inCluster.map((path) => pathIn(stack.name, path)),
    ]),
  ];
}

/** Secrets of a namespace that are read whoever labelled them: ours, and those that logins through Keycloak need. */
function targetsIn(namespace: string, stack: EnvironmentStack): ReadonlySet<string> {
  const isHere = (one: string): boolean => (one === "environment" ? stack.namespace : one) === namespace;
  const ofKeycloak = inClusterDeliveries(stack).filter(
    ([, { authority, namespaces = ["environment"] }]) => authority === "keycloak" && namespaces.some(isHere),
  );
  const ours = stack.plan.deliveries.filter((delivery) => delivery.namespace === namespace);
  return new Set([...ours.map(({ target }) => target), ...ofKeycloak.map(([target]) => target)]);
}

async function observeCluster(
  kubernetes: KubernetesReader,
  stack: EnvironmentStack,
  fingerprint: ReturnType<typeof fingerprinter>,
) {
  const namespaces = namespacesOf(stack);
  const events = new Map(namespaces.map((namespace) => [namespace, observeWarnings(kubernetes, namespace)]));
  const each = async <T>(read: (namespace: string, warnings: Warnings) => Promise<Observed<readonly T[]>>) => {
    const parts = [...events].map(async ([namespace, warnings]) => {
      const seen = await warnings;
      return await read(namespace, seen.ok ? seen.value : new Map());
    });
    return together(await Promise.all(parts));
  };
  return allOf({
    bootstrap: observeBootstrap(kubernetes, stack),
    clientPatcher: observePatcher(kubernetes, stack.namespace),
    pullsElsewhere: observePullsElsewhere(kubernetes, stack, namespaces),
    warned: Promise.all(events.values()).then((parts) =>
      together(parts.map((seen) => (seen.ok ? { ok: true, value: [...seen.value.keys()] } : seen))),
    ),
    stores: each((namespace, warnings) => observeStores(kubernetes, namespace, warnings)),
    externalSecrets: each((namespace, warnings) => observeExternalSecrets(kubernetes, namespace, warnings)),
    pushSecrets: each((namespace) => observePushSecrets(kubernetes, namespace)),
    secrets: each((namespace) => observeSecrets(kubernetes, namespace, targetsIn(namespace, stack), fingerprint)),
    serviceAccounts: each((namespace) => observeServiceAccounts(kubernetes, namespace)),
    pods: each((namespace, warnings) => observePods(kubernetes, namespace, warnings)),
    workloads: each((namespace) => observeWorkloads(kubernetes, namespace)),
  });
}
