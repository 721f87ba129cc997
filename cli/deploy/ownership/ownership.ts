import type { AzureReader, VaultReader } from "../../../diagnose/observe/access.ts";
import type { EnvironmentStack, StackPlan } from "../../../domain/plan/environment.ts";
import type { Finding } from "../../../domain/finding.ts";
import { throwErrors } from "../../../domain/user-error.ts";
import { openCluster } from "../../../clients/kubeconfig.ts";
import type { Cluster } from "../../../clients/kubernetes.ts";
import { type Change, stageOf } from "../engine/change.ts";
import { azureChecks } from "./azure-objects.ts";
import { runChecks } from "./checks.ts";
import { isGitops, isOurs, LiveObjects, objectChecks } from "./kubernetes-objects.ts";
import { cutOffChecks } from "./live-secrets.ts";
import { vaultChecks } from "./vault-objects.ts";
import { renderManifests, type Manifest } from "../../../domain/manifests/render.ts";

/** The servers to ask; one that a stack does not have is left out. */
export interface OwnershipAccess {
  /** Opened only where the plan creates something there: Azure's SDK takes its time to load. */
  readonly azure?: (() => Promise<AzureReader>) | undefined;
  readonly cluster?: Cluster;
  readonly vault?: VaultReader | undefined;
}

/**
 * One error for each object that a plan would overwrite although something else created it. With `delivery: gitops` that
 * includes every Kubernetes object that `render` writes, since ArgoCD applies those unchecked.
 */
export async function findForeign(
  changes: readonly Change[],
  plan: StackPlan,
  { azure, cluster, vault }: OwnershipAccess,
): Promise<readonly Finding[]> {
  const checks = [
    ...(azure === undefined ? [] : await azureChecks(changes, plan, azure)),
    ...(vault === undefined || plan.kind === "shared" ? [] : vaultChecks(changes, plan, vault)),
  ];
  if (cluster !== undefined) {
    const live = new LiveObjects(cluster);
    const objects = isGitops(plan) ? await plannedObjects(plan, live) : changes;
    checks.push(...objectChecks(objects, plan, live));
    if (plan.kind === "environment") checks.push(...cutOffChecks(objects, plan, cluster));
  }
  return runChecks(checks);
}

/** Stops an update before its first change: nothing that this program did not create is overwritten. @throws UserError */
export async function refuseForeign(
  changes: readonly Change[],
  plan: StackPlan,
  access: OwnershipAccess,
): Promise<void> {
  throwErrors(await findForeign(changes, plan, access));
}

/**
 * The same for plain `pulumi`, which gives its program neither state nor plan: it checks every Kubernetes object of the
 * stack. In a preview, a cluster out of reach is only a warning.
 *
 * @throws UserError with every object of another owner; at an update also if the cluster cannot be reached.
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
    warn(`this preview could not check which Kubernetes objects have another owner: ${reason}`);
    return;
  }
  await refuseForeign(await plannedObjects(stack, new LiveObjects(cluster)), stack, { cluster });
}

/**
 * What an update, or ArgoCD's next sync, would do to each Kubernetes object, without a preview: an object that does not exist
 * or is not ours would be created. The `-sync` Job is missing, since its name is known only during an update.
 */
export async function plannedObjects(stack: EnvironmentStack, live: LiveObjects): Promise<readonly Change[]> {
  return Promise.all(
    renderManifests(stack, { clientId: "" }).map(async ({ object: manifest }): Promise<Change> => {
      const { type, object } = typeAndObject(manifest);
      // an object that may not be read is reported by the check of its owner
      const found = await live.find(type, object).catch(() => undefined);
      const operation = found === undefined || !isOurs(found) || type.endsWith("Patch") ? "create" : "update";
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
