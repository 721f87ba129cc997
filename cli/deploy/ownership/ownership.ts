import type { AzureReader, VaultReader } from "../../../diagnose/observe/access.ts";
import type { EnvironmentStack, StackPlan } from "../../../domain/plan/environment.ts";
import { UserError } from "../../../domain/user-error.ts";
import { openCluster } from "../../../clients/kubeconfig.ts";
import type { Cluster } from "../../../clients/kubernetes.ts";
import { type Change, stageOf } from "../engine/run-log.ts";
import { foreignInAzure } from "./azure-objects.ts";
import { foreignInKubernetes, isOurs, Kinds } from "./kubernetes-objects.ts";
import { cutOffInKubernetes } from "./live-secrets.ts";
import { foreignInVault } from "./vault-objects.ts";
import { renderManifests, type Manifest } from "../../../domain/manifests/render.ts";

/** The ways to look; a part that a stack does not have is left out. */
export interface OwnershipAccess {
  /** Opened only where the plan creates something there: Azure's SDK takes its time to load. */
  readonly azure?: () => Promise<AzureReader>;
  readonly cluster?: Cluster;
  readonly vault?: VaultReader;
}

/**
 * Stops an update between its preview and its first change, where the plan would write over what another made: nothing
 * that this program did not make is overwritten. Work grows with what the plan creates or writes, not with what exists.
 *
 * @throws UserError with every such object: whose it is, and how to go on.
 */
export async function refuseForeign(
  changes: readonly Change[],
  plan: StackPlan,
  { azure, cluster, vault }: OwnershipAccess,
): Promise<void> {
  const found = await Promise.all([
    azure === undefined ? [] : foreignInAzure(changes, plan, azure),
    cluster === undefined ? [] : foreignInKubernetes(changes, plan.kind === "shared" ? plan.kind : plan.name, cluster),
    cluster === undefined || plan.kind === "shared" ? [] : cutOffInKubernetes(changes, plan, cluster),
    vault === undefined || plan.kind === "shared" ? [] : foreignInVault(changes, plan, vault),
  ]);
  const findings = found.flat();
  if (findings.length > 0) throw UserError.from(findings);
}

/**
 * The same look for plain `pulumi`, which tells its program neither state nor plan: at every Kubernetes object of the stack.
 *
 * @param isPreview - a cluster out of reach then stops nothing: the plan is made without it.
 * @param warn - is told why a preview did not look.
 * @throws UserError with every object that something else made; at an update also where the cluster cannot be reached.
 */
export async function refuseForeignObjects(
  stack: EnvironmentStack,
  { isPreview, warn }: { readonly isPreview: boolean; readonly warn: (text: string) => void },
): Promise<void> {
  let cluster: Cluster;
  try {
    cluster = await openCluster(stack.cluster);
    await cluster.get("/version");
  } catch (error) {
    if (!isPreview) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    warn(`this preview does not say which Kubernetes objects something else made: ${reason}`);
    return;
  }
  await refuseForeign(await plannedObjects(stack, cluster), stack, { cluster });
}

/**
 * What an update of a stack would do to each Kubernetes object, for a program that knows neither its state nor a preview:
 * an object that does not exist, or that something else made, would be created; one of this program's own is kept or
 * updated. The `-sync` Job is not among them: nothing knows its name before an update.
 */
export async function plannedObjects(stack: EnvironmentStack, cluster: Cluster): Promise<readonly Change[]> {
  if (stack.strictness.delivery === "gitops") return [];
  const kinds = new Kinds(cluster);
  return Promise.all(
    renderManifests(stack, { clientId: "" }).map(async ({ object: manifest }) => {
      const { type, object } = typeAndObject(manifest);
      const path = await kinds.pathOf(type, object);
      const there = path === undefined ? undefined : await cluster.find(path);
      const operation = there === undefined || !isOurs(there) ? "create" : "update";
      return { operation, urn: "", type, name: object, object, stage: stageOf(type), differs: [] };
    }),
  );
}

/** As the engine writes them, such as `kubernetes:core/v1:ServiceAccount` and `ameide-dev/default`. */
function typeAndObject(manifest: Manifest) {
  const { apiVersion, kind, metadata } = manifest;
  const group = apiVersion.includes("/") ? apiVersion : `core/${apiVersion}`;
  // an account of the namespace, of which only the list of pull secrets is this program's
  const isPatch = kind === "ServiceAccount" && "imagePullSecrets" in manifest;
  return {
    type: `kubernetes:${group}:${kind}${isPatch ? "Patch" : ""}`,
    object: metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`,
  };
}
