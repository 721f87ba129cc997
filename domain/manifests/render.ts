import { chainDigest, bootstrapConfigMap, bootstrapCronJob } from "./bootstrap.ts";
import type { EnvironmentStack, PlannedDelivery } from "../plan/environment.ts";
import { admissionGuards } from "./admission.ts";
import { bootstrapRole, bootstrapRoleBinding, bootstrapServiceAccount, deliveryAccess } from "./bootstrap-access.ts";
import { externalSecret, pullSecretPatches } from "./external-secret.ts";
import { forceSyncAnnotation } from "./labels.ts";
import { namespaces, readerServiceAccount, secretStore, tokenReviewBinding } from "./secret-store.ts";

/** A plain Kubernetes object, ready to be written as YAML. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

export interface RenderedManifest {
  /** Relative, such as `ameide-dev/ExternalSecret-ghcr-pull-sync.yaml`; cluster-scoped objects under `cluster/`. */
  readonly path: string;
  readonly object: Manifest;
}

/**
 * Every Kubernetes object of one environment as ArgoCD would apply it, in the order of the chain: the same list for the
 * same plan. It holds no value, only names. The `-sync` Job is not among them: in a cluster that ArgoCD rules, the
 * CronJob carries values on its schedule.
 *
 * @param options.clientId - of the bootstrap's identity; the shared stack's output `bootstrapClientId`.
 */
export function renderManifests(
  stack: EnvironmentStack,
  { clientId }: { readonly clientId: string },
): readonly RenderedManifest[] {
  const { plan, bootstrap } = stack;
  const digest = chainDigest(stack);
  const bundle = bootstrapConfigMap(stack);
  return [
    ...namespaces(stack).map((object) => inWave(0, object)),
    inWave(0, tokenReviewBinding(stack)),
    ...admissionGuards(stack).flatMap(({ policy, binding }) => [inWave(0, policy), inWave(0, binding)]),
    inWave(1, bootstrapServiceAccount(stack, clientId)),
    inWave(1, bootstrapRole(stack)),
    inWave(1, bootstrapRoleBinding(stack)),
    ...deliveryAccess(stack).flatMap(({ role, binding }) => [inWave(1, role), inWave(1, binding)]),
    // its name changes with its data, its file does not: so that no old one stays behind. Client-side apply would copy it
    // into an annotation, which may have 256 KiB (argo-cd #820)
    annotated(
      { ...inWave(1, bundle), path: pathOf({ ...bundle, metadata: { ...bundle.metadata, name: bootstrap.name } }) },
      syncOptions,
      "ServerSideApply=true",
    ),
    inWave(2, bootstrapCronJob(stack, clientId)),
    ...plan.stores.flatMap((store) => [inWave(3, readerServiceAccount(store)), inWave(3, secretStore(store, stack))]),
    ...plan.deliveries.map((delivery) => mayWait(delivery, lasting(inWave(4, externalSecret(delivery, digest))))),
    // the account is the namespace's own: only its list of pull secrets is ours, and it stays when its file goes
    ...pullSecretPatches(plan.deliveries).map((patch) =>
      annotated(inWave(4, patch), syncOptions, `ServerSideApply=true,${stays}`),
    ),
  ];
}

/**
 * What keeps ArgoCD from treating {@link forceSyncAnnotation} as drift, for the Application that applies the manifests: such
 * settings cannot be part of a manifest. By default it ignores an annotation that Git does not have; this says so for every
 * other way to compare and to sync.
 *
 * @see https://argo-cd.readthedocs.io/en/stable/user-guide/diffing/
 */
export const applicationPatch = {
  spec: {
    ignoreDifferences: [
      {
        group: "external-secrets.io",
        kind: "ExternalSecret",
        jsonPointers: [`/metadata/annotations/${forceSyncAnnotation}`],
      },
    ],
    syncPolicy: { syncOptions: ["RespectIgnoreDifferences=true"] },
  },
};

const syncWave = "argocd.argoproj.io/sync-wave";
const syncOptions = "argocd.argoproj.io/sync-options";
const stays = "Prune=false,Delete=false";

/** ArgoCD applies wave by wave, and waits for each to be healthy. */
function inWave(wave: number, object: Manifest): RenderedManifest {
  const annotations = { ...object.metadata.annotations, [syncWave]: `${wave}` };
  return { path: pathOf(object), object: { ...object, metadata: { ...object.metadata, annotations } } };
}

/** An ExternalSecret that owns its Secret takes it along when it is pruned or its application deleted. */
function lasting(manifest: RenderedManifest): RenderedManifest {
  return annotated(manifest, syncOptions, stays);
}

/** One that may lack a value is not Ready until it has one: that must not hold up the waves of an application behind it. */
function mayWait({ mayLackValue }: PlannedDelivery, manifest: RenderedManifest): RenderedManifest {
  return mayLackValue === undefined ? manifest : annotated(manifest, "argocd.argoproj.io/ignore-healthcheck", "true");
}

function annotated({ path, object }: RenderedManifest, annotation: string, value: string): RenderedManifest {
  const annotations = { ...object.metadata.annotations, [annotation]: value };
  return { path, object: { ...object, metadata: { ...object.metadata, annotations } } };
}

function pathOf({ kind, metadata: { name, namespace = "cluster" } }: Manifest): string {
  return `${namespace}/${kind}-${name}.yaml`;
}
