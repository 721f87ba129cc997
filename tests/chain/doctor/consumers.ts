import { load, readStackSettings, repositoryRoot } from "../../../environments/index.ts";
import type { EnvironmentStack } from "../../../domain/plan/environment.ts";
import { readingDeployment } from "../../support/reading-deployment.ts";
import type { Break } from "./break.ts";
import { externalSecrets } from "./objects.ts";
import type { World } from "./world.ts";

const pod = "operator-0";
const elsewhere = "argocd";

export const consumerBreaks = {
  "pull-secret-not-attached": {
    strike: ({ namespace, connected: { cluster } }) =>
      cluster.patch(`/api/v1/namespaces/${namespace}/serviceaccounts/default`, { imagePullSecrets: null }),
  },
  // seen before its namespace was added to the stack file; the printed repair adds it and brings the stack up
  "pull-secret-missing-here": {
    strike: async (world) => {
      const { cluster } = world.connected;
      await cluster.remove(externalSecrets(world, "ghcr-pull-sync", elsewhere));
      const secret = `/api/v1/namespaces/${elsewhere}/secrets/ghcr-pull`;
      await world.until(async () => (await cluster.find(secret)) === undefined); // it goes with its owner
      await cluster.create(`/api/v1/namespaces/${elsewhere}/pods`, {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: pod },
        spec: {
          imagePullSecrets: [{ name: "ghcr-pull" }],
          containers: [{ name: "main", image: "ghcr.io/ameide/operator:1" }],
        },
      });
    },
    sight: async (world) => ({ stack: await withoutElsewhere(world) }),
    after: (world) =>
      world.connected.cluster.remove(`/api/v1/namespaces/${elsewhere}/pods/${pod}?gracePeriodSeconds=0`),
  },
  "consumer-not-restarted": {
    strike: async (world) => {
      const { cluster } = world.connected;
      await cluster.create(deployments(world), readingDeployment("chat", "langfuse-secrets", "environment"));
      const pods = `/api/v1/namespaces/${world.namespace}/pods?labelSelector=app%3Dchat`;
      await world.until(async () => {
        const { items } = await cluster.get<{ items: readonly { status?: { phase?: string } }[] }>(pods);
        return items.some(({ status }) => status?.phase === "Running");
      });
      world.setValues({ ...world.values, LANGFUSE_SECRET_KEY: "chain-langfuse-for-chat-0123" });
      const carried = await world.shell(
        "ameide-secrets env push --stack local && ameide-secrets bootstrap run --stack local && ameide-secrets resync --stack local",
      );
      if (carried.code !== 0) throw new Error(carried.err);
    },
    after: (world) => world.connected.cluster.remove(`${deployments(world)}/chat?propagationPolicy=Background`),
  },
} as const satisfies Readonly<Record<string, Break>>;

function deployments({ namespace }: World): string {
  return `/apis/apps/v1/namespaces/${namespace}/deployments`;
}

/** The stack as its file was before a person added the namespace. */
async function withoutElsewhere({ chain: { home } }: World): Promise<EnvironmentStack> {
  const settings = readStackSettings("local", repositoryRoot) as object;
  const stack = await load({
    stack: "local",
    settings: { ...settings, portBase: home.portBase, registry: { additionalNamespaces: [] } },
    envFiles: [],
    localHome: home.dir,
  });
  if (stack.kind !== "environment") throw new Error("local is an environment");
  return stack;
}
