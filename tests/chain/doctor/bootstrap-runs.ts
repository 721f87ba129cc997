import assert from "node:assert/strict";
import { podLog } from "../../../clients/kubernetes.ts";
import { bootstrapConfigMap } from "../../../domain/manifests/bootstrap.ts";
import { bootstrapRoleBinding } from "../../../domain/manifests/bootstrap-access.ts";
import { patchContainer, patchPod } from "./bootstrap.ts";
import type { Break } from "./break.ts";
import { openVaultProxy, type Intercept } from "./vault-proxy.ts";
import type { World } from "./world.ts";

/** Runs of vault-bootstrap that do not start, or do not come to a good end. */
export const bootstrapRunBreaks = {
  "bootstrap-forbidden-in-cluster": {
    strike: async (world) => {
      const { metadata } = bootstrapRoleBinding(world.connected.stack);
      await world.connected.cluster.remove(
        `/apis/rbac.authorization.k8s.io/v1/namespaces/${world.namespace}/rolebindings/${metadata.name}`,
      );
      await world.bootstrap();
    },
  },
  "bootstrap-misconfigured": {
    strike: async (world) => {
      await patchContainer(world, ({ env }) => ({
        env: env.map((one) =>
          one.name === "VAULT_BOOTSTRAP_CONFIG" ? { ...one, value: "/opt/vault-bootstrap/former.json" } : one,
        ),
      }));
      await world.bootstrap();
    },
  },
  "bootstrap-failed": {
    // as one who tries something out leaves it
    strike: async (world) => {
      await patchContainer(world, () => ({ command: ["/nodejs/bin/node", "-e", "process.exit(1)"] }));
      await world.bootstrap();
    },
  },
  "bootstrap-unschedulable": {
    strike: async (world) => {
      await patchPod(world, () => ({ schedulingGates: [{ name: "example.org/quota" }] }));
      await start(world, "waiting-for-a-node");
    },
    after: (world) => forget(world, "waiting-for-a-node"),
  },
  "bootstrap-image-not-pulled": {
    strike: async (world) => {
      await patchPod(world, () => ({ schedulingGates: null }));
      await patchContainer(world, () => ({ image: "ghcr.io/ameide/vault-bootstrap:1", command: ["/bin/sh"] }));
      await start(world, "waiting-for-an-image");
    },
    after: (world) => forget(world, "waiting-for-an-image"),
  },
  "bootstrap-cannot-start": {
    // as one who tidies up
    strike: async (world) => {
      const { metadata } = bootstrapConfigMap(world.connected.stack);
      await world.connected.cluster.remove(`/api/v1/namespaces/${world.namespace}/configmaps/${metadata.name}`);
      await start(world, "waiting-for-a-volume");
    },
    after: (world) => forget(world, "waiting-for-a-volume"),
  },
  "bootstrap-conflict": {
    strike: (world) =>
      runThroughProxy(world, async () => {
        const { data } = await world.vault<{ data: { current_version: number } }>("GET", `secret/metadata/${langfuse}`);
        const written = { data: { value: "from-another-writer-0123" }, options: { cas: data.current_version } };
        await world.vault("POST", `secret/data/${langfuse}`, written);
        return undefined;
      }),
    before: () => closeProxy(),
  },
  "bootstrap-secret-failed": {
    strike: (world) => runThroughProxy(world, () => Promise.resolve({ status: 400, errors: ["value too large"] })),
    after: async (world) => {
      await closeProxy();
      await world.bootstrap();
    },
  },
  "bootstrap-interrupted": {
    // as a node that is drained; a Vault that does not answer keeps the run from ending before that
    strike: async (world) => {
      world.signal("openbao", "SIGSTOP");
      try {
        const job = await start(world, "on-a-drained-node");
        const pods = `/api/v1/namespaces/${world.namespace}/pods?labelSelector=job-name%3D${job}`;
        await world.until(async () => (await logOf(world, pods)).includes("wait-for-vault"));
        await world.connected.cluster.remove(pods);
        await world.until(async () => (await podsOf(world, pods)).length === 0);
      } finally {
        world.signal("openbao", "SIGCONT");
      }
    },
    after: (world) => forget(world, "on-a-drained-node"),
  },
} as const satisfies Readonly<Record<string, Break>>;

interface PodObject {
  readonly metadata: { readonly name: string; readonly creationTimestamp: string };
}

async function podsOf(world: World, list: string): Promise<readonly PodObject[]> {
  return (await world.connected.cluster.get<{ items: readonly PodObject[] }>(list)).items;
}

/** Of the first pod of a list; empty where there is none, or it has not begun. */
async function logOf(world: World, list: string): Promise<string> {
  const [pod] = await podsOf(world, list);
  if (pod === undefined) return "";
  return podLog(world.connected.cluster, world.namespace, pod.metadata.name, 50).catch(() => "");
}

const langfuse = "langfuse-secret-key";

let closeOpenProxy = (): Promise<void> => Promise.resolve();

/** Closes the proxy between vault-bootstrap and Vault, if one is open. */
export async function closeProxy(): Promise<void> {
  const close = closeOpenProxy;
  closeOpenProxy = () => Promise.resolve();
  await close();
}

/** With a value that is new, so that there is something to write. */
async function runThroughProxy(world: World, intercept: Intercept): Promise<void> {
  world.setValues({ ...world.values, LANGFUSE_SECRET_KEY: `chain-langfuse-${Date.now()}` });
  const pushed = await world.shell("ameide-secrets env push --stack local");
  assert.equal(pushed.code, 0, pushed.err);
  closeOpenProxy = await openVaultProxy(world, langfuse, intercept);
  await world.bootstrap();
}

/** Starts a run as a person does, without waiting for its end. */
async function start(world: World, suffix: string): Promise<string> {
  const { name } = world.connected.stack.bootstrap;
  const job = `${name}-${suffix}`;
  await nextSecond(world);
  const made = await world.shell(
    `kubectl --context ${world.connected.cluster.context} -n ${world.namespace} create job --from=cronjob/${name} ${job}`,
  );
  assert.equal(made.code, 0, made.err);
  return job;
}

/** Kubernetes' times are whole seconds, and doctor looks at the youngest pod: the next one must not share a second with it. */
async function nextSecond(world: World): Promise<void> {
  const list = `/api/v1/namespaces/${world.namespace}/pods`;
  const times = (await podsOf(world, list)).map(({ metadata }) => Date.parse(metadata.creationTimestamp));
  await world.until(() => Promise.resolve(Date.now() >= Math.max(0, ...times) + 1000));
}

async function forget(world: World, suffix: string): Promise<void> {
  const job = `${world.connected.stack.bootstrap.name}-${suffix}`;
  await world.connected.cluster.remove(
    `/apis/batch/v1/namespaces/${world.namespace}/jobs/${job}?propagationPolicy=Background`,
  );
}
