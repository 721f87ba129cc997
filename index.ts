import * as pulumi from "@pulumi/pulumi";
import { AdmissionGuard } from "./components/admission-guard.ts";
import { BootstrapFederation } from "./components/bootstrap-federation.ts";
import { BootstrapIdentity } from "./components/bootstrap-identity.ts";
import { KeyVault } from "./components/key-vault.ts";
import { Namespaces } from "./components/namespaces.ts";
import { azureProvider, kubernetesProvider, vaultProvider } from "./components/providers.ts";
import { SecretDelivery } from "./components/secret-delivery.ts";
import { VaultBootstrap } from "./components/vault-bootstrap.ts";
import { VaultEngine } from "./components/vault-engine.ts";
import { VaultKubernetesAuth } from "./components/vault-kubernetes-auth.ts";
import { chainDigest } from "./domain/chain-digest.ts";
import type { EnvironmentStack, SharedStack, StackPlan } from "./domain/environment.ts";

export interface RegisterOptions {
  /** Only what a Vault needs that is sealed or not initialised yet; to be run with targets. @default false */
  readonly firstStep?: boolean;
  /** The shared stack's outputs, where it is not to be asked. @default - its StackReference */
  readonly shared?: { readonly bootstrapClientId: string };
}

/** Registers one stack. Reads no configuration, no environment and no file: all of it is in the plan. */
export function registerStack(plan: StackPlan, options: RegisterOptions = {}): Record<string, unknown> {
  return plan.kind === "shared" ? registerShared(plan).outputs : registerEnvironment(plan, options);
}

/** What all environments live on. */
function registerShared({ azure, protect, keyVaultSecrets }: SharedStack) {
  const providers = { "azure-native": azureProvider(azure) };
  const keyVault = new KeyVault("key-vault", { azure, secrets: keyVaultSecrets, protect }, { providers });
  const identity = new BootstrapIdentity("identity", { azure, keyVaultId: keyVault.id, protect }, { providers });
  const outputs = { keyVaultUri: keyVault.uri, bootstrapClientId: identity.clientId };
  return { providers, keyVault, identity, outputs };
}

/** One environment: the chain, top to bottom. Each line uses only what the lines above it made. */
function registerEnvironment(stack: EnvironmentStack, { firstStep = false, shared }: RegisterOptions) {
  const { azure, federated, strictness } = stack;
  const common = stack.shared === undefined ? sharedStack(stack, shared) : registerShared(stack.shared);
  const { bootstrapClientId: clientId } = common.outputs;
  const providers = { ...common.providers, kubernetes: kubernetesProvider(stack.cluster) };

  const identityName = common.identity?.resourceName ?? azure.identity;
  const federation = new BootstrapFederation(
    "federation",
    { azure, identityName, subjects: [federated] },
    { providers },
  );
  const namespaces = new Namespaces("namespaces", { stack }, { providers });
  const digest = pulumi.output(common.keyVault?.secretVersions ?? []).apply((versions) => chainDigest(stack, versions));
  const ground = [federation, namespaces, ...(common.identity === undefined ? [] : [common.identity])];

  if (firstStep) {
    const bootstrap = new VaultBootstrap("bootstrap", { stack, clientId, needs: [] }, { providers, dependsOn: ground });
    return { cronJobName: bootstrap.cronJobName };
  }

  const toVault = { providers: { ...providers, vault: vaultProvider(stack.vault) }, dependsOn: namespaces };
  const engine = new VaultEngine("vault-engine", { stack }, toVault);
  const auth = new VaultKubernetesAuth("vault-auth", { stack }, toVault);
  if (strictness.delivery === "gitops") return { ...common.outputs, chainDigest: digest };

  const run = { stack, clientId, syncDigest: digest, needs: [engine, auth] };
  const bootstrap = new VaultBootstrap("bootstrap", run, { providers, dependsOn: ground });
  const guard = new AdmissionGuard("admission", { stack }, { providers, dependsOn: namespaces });
  new SecretDelivery("delivery", { stack, digest }, { providers, dependsOn: [bootstrap, guard] });
  return { ...common.outputs, cronJobName: bootstrap.cronJobName, chainDigest: digest };
}

/** The shared stack's part as this environment sees it: asked by reference, or given where there is nobody to ask. */
function sharedStack({ azure }: EnvironmentStack, given: RegisterOptions["shared"]) {
  const reference = given ?? new pulumi.StackReference(`${pulumi.getOrganization()}/${pulumi.getProject()}/shared`);
  const bootstrapClientId =
    reference instanceof pulumi.StackReference
      ? reference.requireOutput("bootstrapClientId").apply(String)
      : pulumi.output(reference.bootstrapClientId);
  return {
    providers: { "azure-native": azureProvider(azure) },
    keyVault: undefined,
    identity: undefined,
    outputs: { keyVaultUri: azure.keyVaultUri, bootstrapClientId },
  };
}
