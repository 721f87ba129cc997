import * as pulumi from "@pulumi/pulumi";
import { AdmissionGuard, Namespaces, SecretDelivery } from "./components/secret-delivery.ts";
import { BootstrapFederation, BootstrapIdentity } from "./components/identity.ts";
import { KeyVault, ResourceGroup } from "./components/key-vault.ts";
import { azureProvider, kubernetesProvider, vaultProvider, adopting, serverSideApply } from "./components/providers.ts";
import { sharedStackName } from "./components/shared-stack.ts";
import { VaultBootstrap } from "./components/vault-bootstrap.ts";
import { VaultEngine, VaultGithubLogin, VaultKubernetesAuth } from "./components/vault.ts";
import { chainDigest } from "./domain/manifests/bootstrap.ts";
import { missingValues } from "./domain/plan/update-check.ts";
import { UserError } from "./domain/user-error.ts";
import type { Adopted, EnvironmentStack, SharedStack, StackPlan } from "./domain/plan/environment.ts";

export interface RegisterOptions {
  /** Only what a Vault needs that is sealed or not initialised yet; to be run with targets. @default false */
  readonly firstStep?: boolean;
  /** The shared stack's outputs, for a run that cannot ask for them. @default - its StackReference */
  readonly shared?: { readonly bootstrapClientId: string };
  /** Names of the Key Vault secrets whose values are in the stack's state. @default - none */
  readonly valuesInState?: readonly string[];
  /** Those of them that may be deleted. @default - none */
  readonly pruned?: readonly string[];
}

/** What the engine must `--exclude` in `firstStep`: otherwise it would delete these from an existing stack. */
export const leftOutByFirstStep: readonly string[] = ["vault*", "admission*", "delivery*", "bootstrap-sync"].map(
  (name) => `**::${name}`,
);

/**
 * Registers one stack from its plan alone.
 * @throws UserError with every value that is in state and not in the plan, before anything is registered.
 */
export function registerStack(plan: StackPlan, options: RegisterOptions = {}): Record<string, unknown> {
  const missing = missingValues(plan, options.valuesInState ?? [], options.pruned);
  if (missing.length > 0) throw UserError.from(missing);
  return plan.kind === "shared"
    ? registerShared(plan, azureProvider(plan.azure)).outputs
    : registerEnvironment(plan, options);
}

/** One environment, in the order of the pipeline. Each line uses only what the lines above it created. */
function registerEnvironment(stack: EnvironmentStack, { firstStep = false, shared: known }: RegisterOptions) {
  const { azure, federated, strictness } = stack;
  const isApplied = strictness.delivery === "pulumi"; // with gitops, ArgoCD applies the Kubernetes objects
  const azureNative = azureProvider(azure);
  const vault = firstStep ? {} : { vault: vaultProvider(stack.vault) };
  const providers = { "azure-native": azureNative, kubernetes: kubernetesProvider(stack), ...vault };
  const after = componentOptions(providers, stack.adopt);

  const base = strictness.makesNamespaces
    ? [new ResourceGroup("resource-group", { azure }, after()), new Namespaces("namespaces", { stack }, after())]
    : [];
  const shared = stack.shared ? registerShared(stack.shared, azureNative, base) : readShared(stack, known);
  const login = { azure, identityName: shared.identityName, subjects: [federated] };
  const federation = new BootstrapFederation("federation", login, after(...base));
  const clientId = clientIdOf(shared, federation);
  const inVault = firstStep
    ? []
    : [
        new VaultEngine("vault-engine", { stack }, after(...base)),
        new VaultKubernetesAuth("vault-auth", { stack }, after(...base)),
      ];
  if (!firstStep && stack.vault.githubLogin) new VaultGithubLogin("vault-github", { stack }, after(...base));
  const digest = firstStep ? undefined : digestOf(stack, clientId, shared);
  const run = { stack, clientId, syncDigest: digest, needs: inVault };
  const needs = [...base, ...shared.components, federation];
  const bootstrap = isApplied ? new VaultBootstrap("bootstrap", run, after(...needs)) : undefined;
  if (bootstrap && digest) {
    const guard = new AdmissionGuard("admission", { stack }, after(...base));
    new SecretDelivery("delivery", { stack, digest }, after(bootstrap, guard));
  }
  return {
    ...shared.outputs,
    ...(bootstrap && { cronJobName: bootstrap.cronJobName }),
    ...(digest && { chainDigest: digest }),
  };
}

interface Shared {
  readonly identityName: pulumi.Input<string>;
  /** Of the Key Vault secrets that this stack writes. */
  readonly versions: pulumi.Input<readonly string[]>;
  readonly components: readonly pulumi.Resource[];
  readonly outputs: { readonly keyVaultUri: pulumi.Input<string>; readonly bootstrapClientId: pulumi.Output<string> };
}

function registerShared(
  stack: SharedStack,
  provider: pulumi.ProviderResource,
  base: readonly pulumi.Resource[] = [],
): Shared {
  const { azure, protect, keyVaultSecrets } = stack;
  const after = componentOptions({ "azure-native": provider }, stack.adopt);
  const keyVault = new KeyVault("key-vault", { azure, secrets: keyVaultSecrets, protect }, after(...base));
  const identity = new BootstrapIdentity("identity", { azure, keyVaultId: keyVault.id, protect }, after(...base));
  const outputs = {
    keyVaultUri: keyVault.uri,
    bootstrapClientId: identity.clientId,
    keyVaultSecrets: [...keyVaultSecrets.keys()].toSorted(),
  };
  const components = [keyVault, identity];
  return { identityName: identity.resourceName, versions: keyVault.secretVersions, components, outputs };
}

/** By reference, or from `given` where the stack cannot be asked. */
function readShared({ azure }: EnvironmentStack, given: RegisterOptions["shared"]): Shared {
  const bootstrapClientId = given
    ? pulumi.output(given.bootstrapClientId)
    : new pulumi.StackReference(sharedStackName()).requireOutput("bootstrapClientId").apply(String);
  const outputs = { keyVaultUri: azure.keyVaultUri, bootstrapClientId };
  return { identityName: azure.identity, versions: [], components: [], outputs };
}

/** Only once Azure knows this cluster: no run could log in before. The pack sees it as a resource's output. */
function clientIdOf({ outputs }: Shared, { credentialNames }: BootstrapFederation): pulumi.Output<string> {
  return pulumi.all([outputs.bootstrapClientId, credentialNames]).apply(([clientId]) => clientId);
}

function digestOf(stack: EnvironmentStack, clientId: pulumi.Output<string>, { versions }: Shared) {
  return pulumi.all([clientId, versions]).apply(([id, known]) => chainDigest(stack, [id, ...known]));
}

function componentOptions(providers: Record<string, pulumi.ProviderResource>, adopt: Adopted | undefined) {
  const transformations = [adopting(adopt), serverSideApply];
  return (...dependsOn: pulumi.Resource[]): pulumi.ComponentResourceOptions => ({
    providers,
    dependsOn,
    transformations,
  });
}
