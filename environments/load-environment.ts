import { checkAdopted } from "../domain/resources/adoption.ts";
import { planBootstrap, defaultBootstrapImage } from "../domain/plan/bootstrap-plan.ts";
import type { EnvironmentStack, Strictness } from "../domain/plan/environment.ts";
import { bootstrapName, federatedSubject } from "../domain/plan/federation.ts";
import { planChain } from "../domain/catalogue/plan-chain.ts";
import { checkMappedSecrets, checkPlan, namespacesWithoutStore } from "../domain/plan/plan-check.ts";
import type { EnvironmentName } from "../domain/stage.ts";
import { checkStrictness } from "../domain/plan/strictness-check.ts";
import { errorsOf } from "../domain/finding.ts";
import { UserError } from "../domain/user-error.ts";
import { publicAzure } from "./azure-place.ts";
import { bundleBootstrap } from "./bundle.ts";
import type { CloudEnvironment } from "./claims.ts";
import { dev } from "./dev.ts";
import type { LoadContext } from "./load-context.ts";
import { prod } from "./prod.ts";
import type { EnvironmentSettings } from "./settings.ts";
import type { SettingsOf } from "./stack-settings.ts";
import { staging } from "./staging.ts";
import { namespaceOf } from "../domain/names.ts";
import { vaultPlace } from "./vault-place.ts";

const strictness: Readonly<Record<CloudEnvironment, Strictness>> = { dev, staging, prod };

/** One environment in Azure. */
export async function loadEnvironment(
  { name, own, shared }: SettingsOf<"environment">,
  context: LoadContext,
): Promise<EnvironmentStack> {
  const { kubeconfig, argocdApplications, ...cluster } = own.cluster;
  const { vault, findings } = vaultPlace(name, own.vault, context);
  const refused = errorsOf(findings);
  if (refused.length > 0) throw UserError.from(refused);
  const stack = await environmentStack(name, context, {
    strictness: strictness[name],
    azure: publicAzure(shared.azure),
    secretPrefix: shared.secretPrefix,
    settings: own,
    cluster: { ...cluster, ...(kubeconfig && { kubeconfig }), ...(argocdApplications && { argocdApplications }) },
    vault,
  });
  const adopting = { ...stack, adopt: own.adopt, findings: [...findings, ...stack.findings] };
  const errors = checkAdopted(adopting, name);
  if (errors.length > 0) throw UserError.from(errors);
  return adopting;
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

/** The whole chain of one environment, whichever place it stands in. */
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
  const errors = [
    ...checkStrictness(name, place.strictness),
    ...checkPlan(plan),
    ...checkMappedSecrets(settings.bootstrap.mappedSecrets, catalogue, plan),
  ];
  if (errors.length > 0) throw UserError.from(errors);
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
