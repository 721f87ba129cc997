import { type CloudEnvironment, resolveVaultSettings } from "./vault-settings.ts";
import type {
  AzureTarget,
  SharedStack,
  Strictness,
  EnvironmentStack,
  Adopted,
  StackPlan,
} from "../domain/plan/environment.ts";
import { checkAdopted } from "../domain/resources/adoption.ts";
import { compileDotenv } from "../domain/dotenv/dotenv.ts";
import { namespaceOf, bootstrapName } from "../domain/names.ts";
import { byKeyVaultName, planChain } from "../domain/plan/plan-chain.ts";
import type { EnvironmentName } from "../domain/stage.ts";
import { throwErrors } from "../domain/user-error.ts";
import { readEnvFiles } from "./env-files.ts";
import { shared } from "./shared.ts";
import { planBootstrap, defaultBootstrapImage } from "../domain/plan/bootstrap-plan.ts";
import { federatedSubject, type StackClaim } from "../domain/plan/stack-check.ts";
import { checkMappedSecrets, checkPlan, namespacesWithoutStore, checkStrictness } from "../domain/plan/plan-check.ts";
import { bundleBootstrap } from "./bundle.ts";
import { dev } from "./dev.ts";
import { prod } from "./prod.ts";
import type { LoadContext } from "./load-input.ts";
import type { EnvironmentSettings, SharedSettings } from "../domain/plan/settings.ts";
import { staging } from "./staging.ts";
import type { AzureSettings } from "../domain/plan/azure-settings.ts";

export function loadShared(
  { azure, adopt, secretPrefix }: SharedSettings,
  claims: readonly StackClaim[],
  context: LoadContext,
): SharedStack {
  const federatedSubjects = claims.map(({ federated }) => federated);
  const place = { azure: publicAzure(azure), ...shared, federatedSubjects };
  return adopting(sharedPart("shared", context, secretPrefix, place), adopt, "shared");
}

/** @throws UserError if an entry of `adopt` is not a resource of the stack. */
export function adopting<Stack extends StackPlan>(stack: Stack, adopt: Adopted, stackName: string): Stack {
  const result = { ...stack, adopt };
  throwErrors(checkAdopted(result, stackName));
  return result;
}

/**
 * Vault, secrets and identity, whichever stack holds them. Values are read in `state` mode only.
 * @throws UserError with every error in the `.env` files.
 */
export function sharedPart(
  environment: EnvironmentName | "shared",
  { root, envFiles, catalogue }: LoadContext,
  secretPrefix: string | undefined,
  place: Pick<SharedStack, "azure" | "values" | "protect" | "federatedSubjects">,
): SharedStack {
  const files = place.values === "state" ? readEnvFiles(root, envFiles) : [];
  const { values, findings } = compileDotenv({ files, catalogue, environment, secretPrefix });
  throwErrors(findings);
  const keyVaultSecrets = byKeyVaultName(values, catalogue, secretPrefix);
  return { kind: "shared", ...(secretPrefix !== undefined && { secretPrefix }), ...place, keyVaultSecrets, findings };
}

const strictness: Readonly<Record<CloudEnvironment, Strictness>> = { dev, staging, prod };

export async function loadEnvironment(
  name: CloudEnvironment,
  own: EnvironmentSettings,
  { azure, secretPrefix }: SharedSettings,
  context: LoadContext,
): Promise<EnvironmentStack> {
  const { kubeconfig, ...cluster } = own.cluster;
  const { vault, findings } = resolveVaultSettings(name, own.vault, context);
  throwErrors(findings);
  const stack = await environmentStack(name, context, own, {
    strictness: strictness[name],
    azure: publicAzure(azure),
    ...(secretPrefix !== undefined && { secretPrefix }),
    // an empty path means the default, as an empty KUBECONFIG does
    cluster: { ...cluster, ...(kubeconfig && { kubeconfig }) },
    vault,
  });
  return adopting({ ...stack, findings: [...findings, ...stack.findings] }, own.adopt, name);
}

/** The pipeline of one environment; `place` is what differs between a cloud and this machine. */
export async function environmentStack(
  name: EnvironmentName,
  { catalogue }: LoadContext,
  {
    additionalNamespaces,
    registry,
    bootstrap,
  }: Pick<EnvironmentSettings, "additionalNamespaces" | "registry" | "bootstrap">,
  place: Pick<EnvironmentStack, "strictness" | "azure" | "secretPrefix" | "cluster" | "vault">,
): Promise<EnvironmentStack> {
  const { strictness: strict, azure, secretPrefix, cluster, vault } = place;
  const { mappedSecrets, claimUnmarked, image = defaultBootstrapImage, runId } = bootstrap;
  const namespace = namespaceOf(name);
  const plan = planChain(catalogue, {
    environment: name,
    namespace,
    secretPrefix,
    additionalNamespaces,
    registryAdditionalNamespaces: registry.additionalNamespaces,
    refreshIntervalInSeconds: strict.refreshIntervalInSeconds,
    fixturesAllowed: strict.fixturesAllowed,
  });
  throwErrors([
    ...checkStrictness(name, strict),
    ...checkPlan(plan),
    ...checkMappedSecrets(mappedSecrets, catalogue, plan),
  ]);
  const config = planBootstrap({
    plan,
    catalogue,
    strictness: strict,
    vault,
    keyVaultUri: azure.keyVaultUri,
    privateAzure: azure.authorityHost !== undefined,
    mappedSecrets,
    claimUnmarked,
  });
  const bundle = await bundleBootstrap();
  return {
    kind: "environment",
    name,
    ...(secretPrefix !== undefined && { secretPrefix }),
    namespace,
    strictness: strict,
    azure,
    federated: federatedSubject(name, cluster.oidcIssuer),
    cluster,
    vault,
    catalogue,
    plan,
    bootstrap: { name: bootstrapName, image, bundle, config, ...(runId !== undefined && { runId }) },
    // a stack that creates its own namespaces knows which there are
    findings: strict.makesNamespaces ? [] : namespacesWithoutStore(catalogue, plan),
  };
}

function publicAzure(settings: AzureSettings): AzureTarget {
  return { ...settings, keyVaultUri: `https://${settings.keyVault}.vault.azure.net/` };
}
