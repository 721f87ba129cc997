import * as pulumi from "@pulumi/pulumi";
import { AdmissionGuard } from "./components/admission-guard.ts";
import { adopting } from "./components/adoption.ts";
import { BootstrapFederation } from "./components/bootstrap-federation.ts";
import { BootstrapIdentity } from "./components/bootstrap-identity.ts";
import { KeyVault } from "./components/key-vault.ts";
import { Namespaces } from "./components/namespaces.ts";
import { azureProvider, kubernetesProvider, vaultProvider } from "./components/providers.ts";
import { ResourceGroup } from "./components/resource-group.ts";
import { SecretDelivery } from "./components/secret-delivery.ts";
import { sharedStackName } from "./components/shared-stack.ts";
import { serverSideApply } from "./components/server-side-apply.ts";
import { VaultBootstrap } from "./components/vault-bootstrap.ts";
import { VaultEngine } from "./components/vault-engine.ts";
import { VaultKubernetesAuth } from "./components/vault-kubernetes-auth.ts";
import { chainDigest } from "./domain/manifests/chain-digest.ts";
import { lackingValues } from "./domain/plan/held-values.ts";
import { UserError } from "./domain/user-error.ts";
import type { EnvironmentStack, SharedStack, StackPlan } from "./domain/plan/environment.ts";

export interface RegisterOptions {
  /** Only what a Vault needs that is sealed or not initialised yet; to be run with targets. @default false */
  readonly firstStep?: boolean;
  /** The shared stack's outputs, where it is not to be asked. @default - its StackReference */
  readonly shared?: { readonly bootstrapClientId: string };
  /** Key Vault names whose values the stack's state holds (domain/plan/held-values.ts). @default - none */
  readonly held?: readonly string[];
  /** Those of them that may go. @default - none */
  readonly pruned?: readonly string[];
}

/**
 * URNs of what `firstStep` leaves out, for the engine's `--exclude`: without it, the first step of a stack that stands
 * already would delete all of this.
 */
export const leftOutByFirstStep: readonly string[] = ["vault*", "admission*", "delivery*", "bootstrap-sync"].map(
  (name) => `**::${name}`,
);

/**
 * Registers one stack. Reads no configuration, no environment and no file: all of it is in the plan.
 *
 * @throws UserError with every value that state holds and the plan lacks, before anything is registered.
 */
export function registerStack(plan: StackPlan, options: RegisterOptions = {}): Record<string, unknown> {
  const lacking = lackingValues(plan, options.held ?? [], options.pruned);
  if (lacking.length > 0) throw UserError.from(lacking);
  return plan.kind === "shared"
    ? registerShared(plan, azureProvider(plan.azure)).outputs
    : registerEnvironment(plan, options);
}

/** What all environments live on. */
function registerShared(
  { azure, protect, adopt, keyVaultSecrets }: SharedStack,
  provider: pulumi.ProviderResource,
  ground: pulumi.Resource[] = [],
) {
  const transformations = [adopting(adopt)];
  const opts = { providers: { "azure-native": provider }, dependsOn: ground, transformations };
  const keyVault = new KeyVault("key-vault", { azure, secrets: keyVaultSecrets, protect }, opts);
  const identity = new BootstrapIdentity("identity", { azure, keyVaultId: keyVault.id, protect }, opts);
  const outputs = {
    keyVaultUri: keyVault.uri,
    bootstrapClientId: identity.clientId,
    keyVaultSecrets: [...keyVaultSecrets.keys()].toSorted(),
  };
  return {
    identityName: identity.resourceName,
    versions: keyVault.secretVersions,
    made: [keyVault, identity],
    outputs,
  };
}

/** One environment: the chain, top to bottom. Each line uses only what the lines above it made. */
function registerEnvironment(stack: EnvironmentStack, { firstStep = false, shared }: RegisterOptions) {
  const { azure, federated, strictness } = stack;
  const providers = { "azure-native": azureProvider(azure), kubernetes: kubernetesProvider(stack) };
  const transformations = [adopting(stack.adopt), serverSideApply];
  const ground = strictness.makesNamespaces
    ? [
        new ResourceGroup("resource-group", { azure }, { providers }),
        new Namespaces("namespaces", { stack }, { providers, transformations }),
      ]
    : [];
  const common =
    stack.shared === undefined
      ? sharedStack(stack, shared)
      : registerShared(stack.shared, providers["azure-native"], ground);

  const subjects = { azure, identityName: common.identityName, subjects: [federated] };
  const federation = new BootstrapFederation("federation", subjects, { providers, dependsOn: ground, transformations });
  // of use once Azure knows this cluster; and so the id comes from a resource of this stack, which the pack can see
  const clientId = pulumi
    .all([common.outputs.bootstrapClientId, federation.credentialNames])
    .apply(([bootstrapClientId]) => bootstrapClientId);
  const afterAzure = { providers, dependsOn: [...ground, ...common.made, federation], transformations };
  if (firstStep) {
    const { cronJobName } = new VaultBootstrap("bootstrap", { stack, clientId, needs: [] }, afterAzure);
    return { ...common.outputs, cronJobName };
  }

  const vaultProviders = { ...providers, vault: vaultProvider(stack.vault) };
  const toVault = { providers: vaultProviders, dependsOn: ground, transformations };
  const engine = new VaultEngine("vault-engine", { stack }, toVault);
  const auth = new VaultKubernetesAuth("vault-auth", { stack }, toVault);
  const digest = pulumi
    .all([clientId, common.versions])
    .apply(([id, versions]) => chainDigest(stack, [id, ...versions]));
  if (strictness.delivery === "gitops") return { ...common.outputs, chainDigest: digest };

  const run = { stack, clientId, syncDigest: digest, needs: [engine, auth] };
  const bootstrap = new VaultBootstrap("bootstrap", run, afterAzure);
  const guard = new AdmissionGuard("admission", { stack }, { providers, dependsOn: ground, transformations });
  new SecretDelivery("delivery", { stack, digest }, { providers, dependsOn: [bootstrap, guard], transformations });
  return { ...common.outputs, cronJobName: bootstrap.cronJobName, chainDigest: digest };
}

/** The shared stack's part as this environment sees it: asked by reference, or given where there is nobody to ask. */
function sharedStack({ azure }: EnvironmentStack, given: RegisterOptions["shared"]) {
  const reference = () => new pulumi.StackReference(sharedStackName());
  const bootstrapClientId = given
    ? pulumi.output(given.bootstrapClientId)
    : reference().requireOutput("bootstrapClientId").apply(String);
  const outputs = { keyVaultUri: azure.keyVaultUri, bootstrapClientId };
  return { identityName: azure.identity, versions: [], made: [], outputs };
}
