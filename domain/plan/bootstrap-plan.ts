import { bootstrapRole, credentialsSecret, pathIn } from "../names.ts";
import type { BootstrapConfig } from "../bootstrap-config.ts";
import { existsIn, type Catalogue } from "../catalogue/catalogue.ts";
import { declaredDeliveries, namespacesIn } from "../catalogue/deliveries.ts";
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

export function planBootstrap(input: BootstrapPlanInput): BootstrapConfig {
  const { plan, catalogue, strictness, keyVaultUri, privateAzure } = input;
  const { address, namespace, mount, authMount } = input.vault;
  const fromKubernetes = strictness.source === "kubernetes-secret";
  return {
    environment: plan.environment,
    namespace: plan.namespace,
    vault: {
      address,
      ...(namespace !== undefined && { namespace }),
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

/** What a secret is called in the source. A name that is not in the plan stays; `checkMappedSecrets` refuses it. */
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
    ...(authority === "external" && source !== undefined && { source }),
    ...(fixture !== undefined && { fixture }),
    ...(lengthInCharacters !== undefined && { lengthInCharacters }),
  };
}

/** Every ExternalSecret that reads a path that vault-bootstrap writes, in namespaces that have a store of ours. */
function readersOf({ plan, catalogue, mappedSecrets }: BootstrapPlanInput): BootstrapConfig["deliveries"] {
  const { environment } = plan;
  const carriedPaths = new Set([...plan.secrets.map((one) => one.vaultPath), ...mappedSecrets.map(({ to }) => to)]);
  const declared = declaredDeliveries(catalogue)
    .filter((one) => !one.isOurs && existsIn(one, environment))
    .flatMap(({ namespaces, externalSecret: name, paths }) =>
      namespacesIn(namespaces, plan.namespace).map((namespace) => ({ namespace, name, paths: [...paths.values()] })),
    )
    .filter(({ namespace }) => plan.stores.some((store) => store.namespace === namespace));
  const ours = plan.deliveries.map(({ namespace, name, keys }) => ({
    namespace,
    name,
    paths: keys.map(({ vaultPath }) => vaultPath),
  }));
  return [...ours, ...declared].flatMap(({ paths, ...one }) => {
    const carried = paths.map((path) => pathIn(environment, path)).filter((path) => carriedPaths.has(path));
    return carried.length === 0 ? [] : [{ ...one, paths: [...new Set(carried)] }];
  });
}
