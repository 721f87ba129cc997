import type { Break } from "./break.ts";
import type { World } from "./world.ts";

export const bootstrapBreaks = {
  "federated-token-file-missing": {
    // as where the webhook alone would have added it
    strike: (world) =>
      patchPod(world, (pod) => ({
        volumes: pod.volumes.filter(({ projected }) => projected === undefined),
        containers: pod.containers.map((one) => ({
          ...one,
          volumeMounts: one.volumeMounts.filter(
            ({ name }) => !pod.volumes.some((volume) => volume.name === name && volume.projected !== undefined),
          ),
        })),
      })),
  },
  "bootstrap-overruns": {
    strike: (world) => world.connected.cluster.patch(world.cronJob, { spec: { concurrencyPolicy: "Replace" } }),
  },
  "bootstrap-suspended": {
    strike: (world) => world.connected.cluster.patch(world.cronJob, { spec: { suspend: true } }),
  },
  "bootstrap-missing": { strike: (world) => world.connected.cluster.remove(world.cronJob) },

  "bootstrap-stale": {
    strike: async (world) => {
      const path = statusPath(world);
      const { data } = await world.connected.cluster.get<{ data: Readonly<Record<string, string>> }>(path);
      const [key = "", text = "{}"] = Object.entries(data)[0] ?? [];
      const hourAgo = new Date(Date.now() - 3_600_000).toISOString();
      await world.connected.cluster.patch(path, {
        data: { [key]: JSON.stringify({ ...(JSON.parse(text) as object), lastSuccessAt: hourAgo }) },
      });
    },
  },
  "bootstrap-status-malformed": {
    strike: (world) => world.connected.cluster.patch(statusPath(world), { data: { status: "emptied by hand" } }),
  },
  "bootstrap-waiting": {
    strike: async (world) => {
      const { cluster } = world.connected;
      const { apiVersion, kind, metadata, spec } = await cluster.get(world.cronJob);
      await cluster.remove(world.cronJob);
      await removeJobs(world);
      await cluster.remove(statusPath(world));
      const { name, namespace, labels, annotations } = metadata;
      await cluster.create(world.cronJob.replace(/\/[^/]+$/, ""), {
        apiVersion,
        kind,
        spec,
        metadata: { name, namespace, labels, annotations },
      });
    },
  },
  "bootstrap-lease-held": {
    strike: async (world) => {
      await world.connected.cluster.patch(leasePath(world), {
        spec: {
          holderIdentity: "another-run",
          leaseDurationSeconds: 3600,
          renewTime: microTime(),
          acquireTime: microTime(),
        },
      });
      await world.bootstrap();
    },
    before: freeLease,
  },
  "bootstrap-secret-kept": {
    strike: async (world) => {
      await world.vault("POST", "secret/metadata/langfuse-secret-key", {
        custom_metadata: { "managed-by": "somebody-else" },
      });
      await world.bootstrap();
    },
    before: (world) =>
      world.vault("POST", "secret/metadata/langfuse-secret-key", {
        custom_metadata: { "managed-by": "ameide-secrets/vault-bootstrap" },
      }),
    after: (world) => world.bootstrap(),
  },
} as const satisfies Readonly<Record<string, Break>>;

interface PodSpec {
  readonly volumes: readonly { readonly name: string; readonly projected?: object; readonly configMap?: object }[];
  readonly containers: readonly (object & {
    readonly env: readonly { readonly name: string; readonly value?: string }[];
    readonly volumeMounts: readonly { readonly name: string }[];
  })[];
}

function statusPath({ connected: { stack } }: World): string {
  return `/api/v1/namespaces/${stack.namespace}/configmaps/${stack.bootstrap.config.statusConfigMap}`;
}

function leasePath({ connected: { stack } }: World): string {
  return `/apis/coordination.k8s.io/v1/namespaces/${stack.namespace}/leases/${stack.bootstrap.config.lease}`;
}

export async function freeLease(world: World): Promise<void> {
  await world.connected.cluster.patch(leasePath(world), { spec: { holderIdentity: null } });
}

/** As Kubernetes writes `MicroTime`. */
function microTime(): string {
  return new Date().toISOString().replace("Z", "000Z");
}

/** Changes the pod template of the CronJob, as somebody does by hand. */
export async function patchPod(world: World, change: (pod: PodSpec) => object): Promise<void> {
  const { spec } = await world.connected.cluster.get<{
    spec: { jobTemplate: { spec: { template: { spec: PodSpec } } } };
  }>(world.cronJob);
  const pod = change(spec.jobTemplate.spec.template.spec);
  await world.connected.cluster.patch(world.cronJob, { spec: { jobTemplate: { spec: { template: { spec: pod } } } } });
}

/** @param change - what differs in its one container. */
export function patchContainer(
  world: World,
  change: (container: PodSpec["containers"][number]) => object,
): Promise<void> {
  return patchPod(world, ({ containers }) => ({ containers: containers.map((one) => ({ ...one, ...change(one) })) }));
}

/** As a collection: what the garbage collector has removed meanwhile is no failure. */
async function removeJobs(world: World): Promise<void> {
  const { cluster } = world.connected;
  const jobs = `/apis/batch/v1/namespaces/${world.namespace}/jobs`;
  await cluster.remove(`${jobs}?propagationPolicy=Background`);
  await world.until(async () => (await cluster.get<{ items: readonly object[] }>(jobs)).items.length === 0);
}
