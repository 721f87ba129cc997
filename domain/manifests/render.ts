import { chainDigest, bootstrapConfigMap, bootstrapCronJob } from "./bootstrap.ts";
import type { EnvironmentStack } from "../plan/environment.ts";
import { admissionGuards } from "./admission.ts";
import { bootstrapRole, bootstrapRoleBinding, bootstrapServiceAccount, deliveryAccess } from "./bootstrap-access.ts";
import { externalSecret, pullSecretPatches } from "./external-secret.ts";
import { forceSyncAnnotation } from "./labels.ts";
import { namespaces, readerServiceAccount, secretStore, tokenReviewBinding } from "./secret-store.ts";

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
 * Every Kubernetes object of one environment in the order of the pipeline; ArgoCD waits for each wave to be healthy.
 * The `-sync` Job is not among them: where ArgoCD applies the objects, the CronJob carries values on its schedule.
 */
export function objectsInWaves(stack: EnvironmentStack, clientId: string, digest: string): readonly Manifest[][] {
  const { stores, deliveries } = stack.plan;
  return [
    [
      ...namespaces(stack),
      tokenReviewBinding(stack),
      ...admissionGuards(stack).flatMap(({ policy, binding }) => [policy, binding]),
    ],
    [
      bootstrapServiceAccount(stack, clientId),
      bootstrapRole(stack),
      bootstrapRoleBinding(stack),
      ...deliveryAccess(stack).flatMap(({ role, binding }) => [role, binding]),
      bootstrapConfigMap(stack),
    ],
    [bootstrapCronJob(stack, clientId)],
    stores.flatMap((store) => [readerServiceAccount(store), secretStore(store, stack)]),
    [...deliveries.map((delivery) => externalSecret(delivery, digest)), ...pullSecretPatches(deliveries)],
  ];
}

/** The same objects as files for ArgoCD. `clientId` is the shared stack's output `bootstrapClientId`. */
export function renderManifests(
  stack: EnvironmentStack,
  { clientId }: { readonly clientId: string },
): readonly RenderedManifest[] {
  return objectsInWaves(stack, clientId, chainDigest(stack)).flatMap((objects, wave) =>
    objects.map((object) => {
      const { kind, metadata } = object;
      const isConfigMap = kind === "ConfigMap";
      // its name changes with its data, its file does not: so that no old file stays behind
      const { name, namespace = "cluster" } = isConfigMap ? { ...metadata, name: stack.bootstrap.name } : metadata;
      const annotations = {
        ...metadata.annotations,
        [`${argocd}/sync-wave`]: `${wave}`,
        ...syncAnnotations(object, stack),
      };
      const path = `${namespace}/${kind}-${name}.yaml`;
      return { path, object: { ...object, metadata: { ...metadata, annotations } } };
    }),
  );
}

const argocd = "argocd.argoproj.io";
const stays = "Prune=false,Delete=false";

function syncAnnotations(object: Manifest, { plan }: EnvironmentStack): Readonly<Record<string, string>> {
  const { kind, metadata } = object;
  // client-side apply would copy it into an annotation, which may have 256 KiB (argo-cd #820)
  if (kind === "ConfigMap") return { [`${argocd}/sync-options`]: "ServerSideApply=true" };
  // the account is the namespace's own: only its list of pull secrets is ours, and it stays when its file goes
  if ("imagePullSecrets" in object) return { [`${argocd}/sync-options`]: `ServerSideApply=true,${stays}` };
  if (kind !== "ExternalSecret") return {};
  const { mayLackValue } =
    plan.deliveries.find(({ name, namespace }) => name === metadata.name && namespace === metadata.namespace) ?? {};
  return {
    // an ExternalSecret that owns its Secret takes it along when it is pruned or its application deleted
    [`${argocd}/sync-options`]: stays,
    // without a value it is never Ready, which must not hold up the later waves of an application
    ...(mayLackValue !== undefined && { [`${argocd}/ignore-healthcheck`]: "true" }),
  };
}

/**
 * Keeps ArgoCD from treating {@link forceSyncAnnotation} as drift; such settings cannot be part of a manifest.
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
