import { bootstrapRole, credentialsSecret, pathIn, vaultPathOf } from "../names.ts";
import type { BootstrapConfig } from "../bootstrap-config.ts";
import { existsIn, externalSecretName, ownNamespace, sourcesOf, type Catalogue } from "../catalogue/catalogue.ts";
import type { EnvironmentStack, Strictness, ChainPlan, PlannedSecret } from "./environment.ts";

/** Source on clusters without Azure; the platform's own name and key. */
export const kubernetesSource = {
  type: "kubernetes-secret",
  name: "vault-bootstrap-local-secrets",
  key: "env-secrets.json",
} as const;
/** Distroless Node 22, non-root, pinned; `bootstrap.image` of the settings takes another. */
export const defaultBootstrapImage =
  "gcr.io/distroless/nodejs22-debian12:nonroot@sha256:13593b7570658e8477de39e2f4a1dd25db2f836d68a0ba771251572d23bb4f8e";

/** Seconds between the end of a run's own bound and the start of the next one. */
const marginInSeconds = 15;

export interface BootstrapPlanInput {
  readonly plan: ChainPlan;
  readonly catalogue: Catalogue;
  readonly strictness: Strictness;
  readonly vault: Pick<EnvironmentStack["vault"], "address" | "namespace" | "mount" | "authMount">;
  readonly keyVaultUri: string;
  /** Whether Microsoft's instance discovery and the challenge's host cannot know this Azure; see BootstrapConfig. */
  readonly privateAzure: boolean;
  /** `from` is a secret of the catalogue, or its name in Key Vault. */
  readonly mappedSecrets: readonly { readonly from: string; readonly to: string }[];
  readonly claimUnmarked: boolean;
}

/** The configuration of one environment's vault-bootstrap. */
export function planBootstrap(input: BootstrapPlanInput): BootstrapConfig {
  const { plan, catalogue, strictness, keyVaultUri, privateAzure } = input;
  const { address, namespace, mount, authMount } = input.vault;
  const fromKubernetes = strictness.source === "kubernetes-secret";
  return {
    environment: plan.environment,
    namespace: plan.namespace,
    vault: {
      address,
      ...(namespace === undefined ? {} : { namespace }),
      mount,
      authMount,
      role: bootstrapRole,
      initialise: strictness.initialise,
      unseal: strictness.unseal,
      rootToken: strictness.rootToken,
      credentialsSecret,
    },
    source: fromKubernetes
      ? kubernetesSource
      : {
          type: "azure-key-vault",
          uri: keyVaultUri,
          disableInstanceDiscovery: privateAzure,
          disableChallengeResourceVerification: privateAzure,
        },
    secrets: plan.secrets.map((secret) => carried(secret, fromKubernetes)),
    mappedSecrets: input.mappedSecrets.map(({ from, to }) => ({ from: sourceOf(from, plan, fromKubernetes), to })),
    deliveries: readersOf(input),
    fixtures: { values: [...catalogue.fixtures.values], placeholders: [...catalogue.fixtures.placeholders] },
    fixturesAllowed: strictness.fixturesAllowed,
    expiredRefused: strictness.expiredValues === "refuse",
    claimUnmarked: input.claimUnmarked,
    statusConfigMap: "vault-bootstrap-status",
    lease: "vault-bootstrap",
    deadlineInSeconds: strictness.bootstrapIntervalInMinutes * 60 - marginInSeconds,
  };
}

/**
 * What a secret is called in the source: the settings name it as the catalogue does, or as Key Vault does.
 * A name that is not in the plan is returned unchanged; `checkMappedSecrets` refuses it.
 */
function sourceOf(name: string, { secrets }: ChainPlan, fromKubernetes: boolean): string {
  const secret = secrets.find(({ name: own, keyVaultName }) => own === name || keyVaultName === name);
  return (fromKubernetes ? secret?.name : secret?.keyVaultName) ?? name;
}

/** A Kubernetes Secret as source holds the sanitised names: the prefix belongs to Key Vault alone. */
function carried(secret: PlannedSecret, fromKubernetes: boolean): BootstrapConfig["secrets"][number] {
  const { name, authority, vaultPath: path, required, fixture, lengthInCharacters } = secret;
  const source = fromKubernetes ? name : secret.keyVaultName;
  return {
    name,
    authority,
    path,
    required,
    ...(authority === "generated" || source === undefined ? {} : { source }),
    ...(fixture === undefined ? {} : { fixture }),
    ...(lengthInCharacters === undefined ? {} : { lengthInCharacters }),
  };
}

/**
 * Every ExternalSecret that reads a path that vault-bootstrap writes: ours, and those of other owners that the catalogue
 * declares. Only in namespaces that have a store of ours, since no other can read Vault.
 */
function readersOf({ plan, catalogue, mappedSecrets }: BootstrapPlanInput): BootstrapConfig["deliveries"] {
  const { environment } = plan;
  const carriedPaths = new Set([...plan.secrets.map((one) => one.vaultPath), ...mappedSecrets.map(({ to }) => to)]);
  const theirs = Object.entries(catalogue.deliveries)
    .filter(([, delivery]) => delivery.madeBy !== undefined)
    .map(([target, delivery]) => ({
      delivery,
      name: externalSecretName(target, delivery),
      paths: sourcesOf(delivery).map(([, name]) => vaultPathOf(name, catalogue.secrets[name])),
    }));
  const inCluster = Object.values(catalogue.inClusterDeliveries).map((delivery) => ({
    delivery,
    name: delivery.externalSecret,
    paths: Object.values(delivery.keys).map((path) => pathIn(environment, path)),
  }));
  const declared = [...theirs, ...inCluster]
    .filter(({ delivery }) => existsIn(delivery, environment))
    .flatMap(({ delivery: { namespaces = [ownNamespace] }, name, paths }) =>
      namespaces.map((one) => ({ namespace: one === ownNamespace ? plan.namespace : one, name, paths })),
    )
    .filter(({ namespace }) => plan.stores.some((store) => store.namespace === namespace));
  const ours = plan.deliveries.map(({ namespace, name, keys }) => ({
    namespace,
    name,
    paths: keys.map(({ vaultPath }) => vaultPath),
  }));
  return [...ours, ...declared]
    .map((one) => ({ ...one, paths: [...new Set(one.paths.filter((path) => carriedPaths.has(path)))] }))
    .filter(({ paths }) => paths.length > 0);
}
