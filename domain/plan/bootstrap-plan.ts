import { bootstrapRole, credentialsSecret } from "../names.ts";
import type { BootstrapConfig } from "../bootstrap-config.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import type { EnvironmentStack, Strictness, ChainPlan, PlannedSecret } from "./environment.ts";

/** Source on clusters without Azure; the platform's own name and key (444). */
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

/** What vault-bootstrap of one environment is told. */
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
    fixtures: { values: [...catalogue.fixtures.values], placeholders: [...catalogue.fixtures.placeholders] },
    fixturesAllowed: strictness.fixturesAllowed,
    claimUnmarked: input.claimUnmarked,
    statusConfigMap: "vault-bootstrap-status",
    lease: "vault-bootstrap",
    deadlineInSeconds: strictness.bootstrapIntervalInMinutes * 60 - marginInSeconds,
  };
}

/**
 * What a secret is called in the source: the settings name it as the catalogue does, or as Key Vault does.
 * A name that the plan does not carry stays as it is; `checkMappedSecrets` refuses it.
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
