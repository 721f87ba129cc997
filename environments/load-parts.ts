import type { LoadContext, SettingsOf } from "./stack-settings.ts";
import { type CloudEnvironment, vaultPlace } from "./vault-place.ts";
import type {
  AzurePlace,
  FederatedSubject,
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
import { federatedSubject } from "../domain/plan/stack-check.ts";
import { checkMappedSecrets, checkPlan, namespacesWithoutStore, checkStrictness } from "../domain/plan/plan-check.ts";
import { bundleBootstrap } from "./bundle.ts";
import { dev } from "./dev.ts";
import { prod } from "./prod.ts";
import type { EnvironmentSettings } from "./settings.ts";
import { staging } from "./staging.ts";
import type { AzureSettings } from "./azure-settings.ts";

/** The stack that all environments have in common. */
export function loadShared({ shared: settings, claims }: SettingsOf<"shared">, context: LoadContext): SharedStack {
  const part = sharedPart(context, {
    environment: "shared",
    azure: publicAzure(settings.azure),
    strictness: shared,
    secretPrefix: settings.secretPrefix,
    federatedSubjects: claims.map(({ federated }) => federated),
  });
  return adopting(part, settings.adopt, "shared");
}

/** @throws UserError if an entry of `adopt` is not a resource of the stack. */
export function adopting<Stack extends StackPlan>(stack: Stack, adopt: Adopted, stackName: string): Stack {
  const result = { ...stack, adopt };
  throwErrors(checkAdopted(result, stackName));
  return result;
}

interface SharedPlace {
  readonly environment: EnvironmentName | "shared";
  readonly azure: AzurePlace;
  readonly strictness: Pick<Strictness, "values" | "protect">;
  readonly secretPrefix: string | undefined;
  readonly federatedSubjects: readonly FederatedSubject[];
}

/**
 * Vault, secrets and identity, whichever stack holds them. Values are read in `state` mode only: in `data-plane` mode
 * `ameide-secrets env push` reads them, and the program has no need to know one.
 *
 * @throws UserError with every error in the `.env` files.
 */
export function sharedPart({ root, envFiles, catalogue }: LoadContext, place: SharedPlace): SharedStack {
  const { environment, azure, strictness, secretPrefix } = place;
  const files = strictness.values === "state" ? readEnvFiles(root, envFiles) : [];
  const { values, findings } = compileDotenv({ files, catalogue, environment, secretPrefix });
  throwErrors(findings);
  return {
    kind: "shared",
    ...(secretPrefix === undefined ? {} : { secretPrefix }),
    azure,
    ...strictness,
    keyVaultSecrets: byKeyVaultName(values, catalogue, secretPrefix),
    federatedSubjects: place.federatedSubjects,
    findings,
  };
}

const strictness: Readonly<Record<CloudEnvironment, Strictness>> = { dev, staging, prod };

/** One environment in Azure. */
export async function loadEnvironment(
  { name, own, shared }: SettingsOf<"environment">,
  context: LoadContext,
): Promise<EnvironmentStack> {
  const { kubeconfig, argocdApplications, ...cluster } = own.cluster;
  const { vault, findings } = vaultPlace(name, own.vault, context);
  throwErrors(findings);
  const stack = await environmentStack(name, context, {
    strictness: strictness[name],
    azure: publicAzure(shared.azure),
    secretPrefix: shared.secretPrefix,
    settings: own,
    cluster: { ...cluster, ...(kubeconfig && { kubeconfig }), ...(argocdApplications && { argocdApplications }) },
    vault,
  });
  return adopting({ ...stack, findings: [...findings, ...stack.findings] }, own.adopt, name);
}

/** What differs by place, worked out from the settings. */
export interface EnvironmentPlace {
  readonly strictness: Strictness;
  readonly azure: EnvironmentStack["azure"];
  readonly secretPrefix: string | undefined;
  readonly settings: Pick<EnvironmentSettings, "additionalNamespaces" | "registry" | "bootstrap">;
  readonly cluster: EnvironmentStack["cluster"];
  readonly vault: EnvironmentStack["vault"];
}

/** The pipeline of one environment, in a cloud or on this machine. */
export async function environmentStack(
  name: EnvironmentName,
  { catalogue }: LoadContext,
  place: EnvironmentPlace,
): Promise<EnvironmentStack> {
  const { settings, vault } = place;
  const namespace = namespaceOf(name);
  const plan = planChain(catalogue, {
    environment: name,
    namespace,
    secretPrefix: place.secretPrefix,
    additionalNamespaces: settings.additionalNamespaces,
    registryAdditionalNamespaces: settings.registry.additionalNamespaces,
    refreshIntervalInSeconds: place.strictness.refreshIntervalInSeconds,
    fixturesAllowed: place.strictness.fixturesAllowed,
  });
  throwErrors([
    ...checkStrictness(name, place.strictness),
    ...checkPlan(plan),
    ...checkMappedSecrets(settings.bootstrap.mappedSecrets, catalogue, plan),
  ]);
  const config = planBootstrap({
    plan,
    catalogue,
    strictness: place.strictness,
    vault,
    keyVaultUri: place.azure.keyVaultUri,
    privateAzure: place.azure.authorityHost !== undefined,
    mappedSecrets: settings.bootstrap.mappedSecrets,
    claimUnmarked: settings.bootstrap.claimUnmarked,
  });
  const { image = defaultBootstrapImage, runId } = settings.bootstrap;
  return {
    kind: "environment",
    name,
    ...(place.secretPrefix === undefined ? {} : { secretPrefix: place.secretPrefix }),
    namespace,
    strictness: place.strictness,
    azure: place.azure,
    federated: federatedSubject(name, place.cluster.oidcIssuer),
    cluster: place.cluster,
    vault,
    catalogue,
    plan,
    bootstrap: {
      name: bootstrapName,
      image,
      bundle: await bundleBootstrap(),
      config,
      ...(runId === undefined ? {} : { runId }),
    },
    // a stack that makes its own namespaces knows which there are
    findings: place.strictness.makesNamespaces ? [] : namespacesWithoutStore(catalogue, plan),
  };
}

/** The Azure that the settings name, in Azure's public cloud. */
export function publicAzure(settings: AzureSettings): AzurePlace {
  return { ...settings, keyVaultUri: `https://${settings.keyVault}.vault.azure.net/` };
}
