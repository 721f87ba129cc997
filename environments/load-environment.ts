import { planBootstrap, defaultBootstrapImage } from "../domain/bootstrap-plan.ts";
import type { EnvironmentStack, Strictness } from "../domain/environment.ts";
import { bootstrapName, federatedSubject, namespaceOf } from "../domain/federation.ts";
import type { Finding } from "../domain/finding.ts";
import { planChain } from "../domain/plan-chain.ts";
import { checkMappedSecrets, checkPlan, namespacesWithoutStore } from "../domain/plan-check.ts";
import { checkStacks } from "../domain/stack-check.ts";
import type { EnvironmentName } from "../domain/stage.ts";
import { checkStrictness } from "../domain/strictness-check.ts";
import { UserError } from "../domain/user-error.ts";
import { publicAzure } from "./azure-place.ts";
import { bundleBootstrap } from "./bundle.ts";
import { defaultVaultAddress, readClaims, type CloudEnvironment } from "./claims.ts";
import { dev } from "./dev.ts";
import type { LoadContext } from "./load-context.ts";
import { prod } from "./prod.ts";
import { environmentSettings, sharedSettings, type EnvironmentSettings, type SharedSettings } from "./settings.ts";
import { parseSettings, readStackSettings, stackFileName } from "./stack-file.ts";
import { staging } from "./staging.ts";

const strictness: Readonly<Record<CloudEnvironment, Strictness>> = { dev, staging, prod };

/** One environment in Azure. */
export async function loadEnvironment(name: CloudEnvironment, context: LoadContext): Promise<EnvironmentStack> {
  const own = parseSettings(environmentSettings, context.settings, name, context.root);
  const common = readShared(name, context.root);
  const claims = readClaims(context.root, { name, settings: context.settings });
  const errors = [...own.findings, ...common.findings, ...checkStacks(claims)];
  if (own.settings === undefined || common.settings === undefined || errors.length > 0) throw UserError.from(errors);
  const { cluster, vault } = own.settings;
  const { kubeconfig, context: kubernetesContext, oidcIssuer } = cluster;
  const server = vault.serviceAccount ?? `vault-core-${name}`;
  const namespace = namespaceOf(name);
  return environmentStack(name, context, {
    strictness: strictness[name],
    azure: publicAzure(common.settings.azure),
    secretPrefix: common.settings.secretPrefix,
    settings: own.settings,
    cluster: { context: kubernetesContext, oidcIssuer, ...(kubeconfig === undefined ? {} : { kubeconfig }) },
    vault: {
      address: vault.address ?? defaultVaultAddress(name),
      operatorAddress: vault.operatorAddress ?? context.vaultAddress ?? "http://127.0.0.1:8200",
      serviceAccount: { namespace, name: server },
      kubernetesHost: "https://kubernetes.default.svc",
    },
  });
}

/** What differs by place, worked out from the settings. */
export interface EnvironmentPlace {
  readonly strictness: Strictness;
  readonly azure: EnvironmentStack["azure"];
  readonly secretPrefix: string | undefined;
  readonly settings: Pick<EnvironmentSettings, "additionalNamespaces" | "registry" | "bootstrap">;
  readonly cluster: EnvironmentStack["cluster"];
  readonly vault: Omit<EnvironmentStack["vault"], "mount" | "authMount">;
}

/** The whole chain of one environment, whichever place it stands in. */
export async function environmentStack(
  name: EnvironmentName,
  { catalogue }: LoadContext,
  place: EnvironmentPlace,
): Promise<EnvironmentStack> {
  const { settings } = place;
  const namespace = namespaceOf(name);
  const vault = { ...place.vault, mount: "secret", authMount: "kubernetes" };
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
    vault: { address: vault.address, mount: vault.mount, authMount: vault.authMount },
    keyVaultUri: place.azure.keyVaultUri,
    privateAzure: place.azure.authorityHost !== undefined,
    mappedSecrets: settings.bootstrap.mappedSecrets,
    claimUnmarked: settings.bootstrap.claimUnmarked,
  });
  const { image = defaultBootstrapImage, runId } = settings.bootstrap;
  return {
    kind: "environment",
    name,
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

/** The shared stack's settings, or what is wrong with them: an environment lives on what they name. */
function readShared(
  name: string,
  root: string,
): { readonly settings: SharedSettings | undefined; readonly findings: readonly Finding[] } {
  const raw = readStackSettings("shared", root);
  if (raw !== undefined) return parseSettings(sharedSettings, raw, "shared", root);
  const file = stackFileName("shared");
  return {
    settings: undefined,
    findings: [
      {
        code: "settings-shared-missing",
        stage: "key-vault",
        severity: "error",
        where: file,
        subject: "shared",
        problem: `${name} lives on the Key Vault and the identity of the shared stack, and there is no ${file}`,
        fix: `restore ${file} from the repository, then: ameide-secrets up --stack shared`,
      },
    ],
  };
}
