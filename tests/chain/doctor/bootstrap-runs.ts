import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { bootstrapConfigMap } from "../../../domain/manifests/bootstrap.ts";
import { bootstrapRoleBinding } from "../../../domain/manifests/bootstrap-access.ts";
import { patchContainer, patchPod } from "./bootstrap.ts";
import type { Break } from "./break.ts";
import type { World } from "./world.ts";

/** Runs of vault-bootstrap that do not start, or do not come to a good end. */
export const bootstrapRunBreaks = {
  "bootstrap-forbidden-in-cluster": {
    strike: async (world) => {
      const { metadata } = bootstrapRoleBinding(world.place.stack);
      await world.place.cluster.remove(
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
      const { metadata } = bootstrapConfigMap(world.place.stack);
      await world.place.cluster.remove(`/api/v1/namespaces/${world.namespace}/configmaps/${metadata.name}`);
      await start(world, "waiting-for-a-volume");
    },
    after: (world) => forget(world, "waiting-for-a-volume"),
  },
  "bootstrap-interrupted": {
    // as a node that is drained; a Vault that does not answer keeps the run from ending before that
    strike: async (world) => {
      world.signal("openbao", "SIGSTOP");
      try {
        const job = await start(world, "on-a-drained-node");
        const pods = `/api/v1/namespaces/${world.namespace}/pods?labelSelector=job-name%3D${job}`;
        const running = async (phase: string): Promise<boolean> => {
          const { items } = await world.place.cluster.get<{ items: readonly { status?: { phase?: string } }[] }>(pods);
          return items.some(({ status }) => status?.phase === phase);
        };
        await world.until(() => running("Running"));
        await world.place.cluster.remove(pods);
        await world.until(async () => !(await running("Running")));
      } finally {
        world.signal("openbao", "SIGCONT");
      }
    },
  },
} as const satisfies Readonly<Record<string, Break>>;

/** As a person starts one beside the schedule; nobody waits for its end. */
async function start(world: World, suffix: string): Promise<string> {
  const { name } = world.place.stack.bootstrap;
  const job = `${name}-${suffix}`;
  await sleep(1000); // Kubernetes' times are whole seconds: its pod must be newer than the one before
  const made = await world.shell(
    `kubectl --context ${world.place.cluster.context} -n ${world.namespace} create job --from=cronjob/${name} ${job}`,
  );
  assert.equal(made.code, 0, made.err);
  return job;
}

async function forget(world: World, suffix: string): Promise<void> {
  const job = `${world.place.stack.bootstrap.name}-${suffix}`;
  await world.place.cluster.remove(
    `/apis/batch/v1/namespaces/${world.namespace}/jobs/${job}?propagationPolicy=Background`,
  );
}
