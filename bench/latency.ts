import { localAzure } from "../cli/access/local-stack.ts";
import { runBootstrapJob } from "../cli/access/bootstrap-job.ts";
import { restartWorkloads } from "../cli/operate/restart.ts";
import type { KubernetesObject } from "../clients/kubernetes.ts";
import { passingFault } from "../clients/http.ts";
import { mapBounded, retry } from "../clients/pacing.ts";
import { deliveryAccess } from "../domain/manifests/bootstrap-access.ts";
import { bootstrapConfigMap } from "../domain/manifests/bootstrap.ts";
import { waitUntil } from "../local/wait-until.ts";
import { readingDeployment } from "../tests/support/reading-deployment.ts";
import { timed, type Bench, type Measurement } from "./bench.ts";
import { startLiveChain, untilSynced, type LiveChain } from "./live-chain.ts";

const count = 200;
const namespaces = 8;
const limitOfOne = { what: "its limit", value: 5_000 };
const limitOfAll = { what: "its limit", value: 15_000 };
const syncTimeoutInSeconds = 180;

/**
 * From a changed value in Key Vault to the Kubernetes Secrets and to a restarted pod, on the real servers: 200 names in 8
 * namespaces, each with an ExternalSecret that refreshes once an hour. The wait for the schedule is not measured but stated:
 * it is a setting.
 */
export const latencyBench: Bench = {
  name: "latency",
  async run(): Promise<readonly Measurement[]> {
    const chain = await startLiveChain(count, namespaces);
    try {
      await installBootstrap(chain);
      await untilSynced(chain);
      const names = chain.stack.plan.secrets.map(({ name }) => name);
      // the first run records where each value came from; only later ones meet an ordinary day
      await changeAndRun(chain, names, "first");
      const one = await changeAndRun(chain, names.slice(0, 1), "second");
      const all = await changeAndRun(chain, names, "third");
      const interval = chain.stack.strictness.bootstrapIntervalInMinutes * 60_000;
      return [
        { what: "wait for the schedule, on average", unit: "ms", value: interval / 2 },
        { what: "wait for the schedule, at most", unit: "ms", value: interval },
        { what: "start of the run to end of write, 1", unit: "ms", value: one.toWrite },
        { what: "end of write to its Secret, 1 name", unit: "ms", value: one.toSecrets, floor: limitOfOne },
        { what: `start of the run to end of write, ${count}`, unit: "ms", value: all.toWrite },
        { what: `end of write to all, ${count} names`, unit: "ms", value: all.toSecrets, floor: limitOfAll },
        { what: "restart of a pod until ready", unit: "ms", value: await restartOfOne(chain) },
      ];
    } finally {
      await chain.close();
    }
  },
};

/** The CronJob that `local up` made, with the configuration of these names, suspended. */
async function installBootstrap({ cluster, stack }: LiveChain): Promise<void> {
  const { namespace, bootstrap } = stack;
  const configMap = bootstrapConfigMap(stack);
  await cluster.create(`/api/v1/namespaces/${namespace}/configmaps`, configMap);
  for (const { namespace: where, role, binding } of deliveryAccess(stack)) {
    const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${where}`;
    for (const [plural, object] of [
      ["roles", role],
      ["rolebindings", binding],
    ] as const) {
      const path = `${rbac}/${plural}`;
      if ((await cluster.find(`${path}/${object.metadata.name}`)) === undefined) await cluster.create(path, object);
      else await cluster.patch(`${path}/${object.metadata.name}`, object);
    }
  }
  const volumes = [{ name: "vault-bootstrap", configMap: { name: configMap.metadata.name } }];
  await cluster.patch(
    `/apis/batch/v1/namespaces/${namespace}/cronjobs/${bootstrap.name}`,
    { spec: { suspend: true, jobTemplate: { spec: { template: { spec: { volumes } } } } } },
    "application/strategic-merge-patch+json",
  );
}

/** Milliseconds of one run. */
interface Latency {
  readonly toWrite: number;
  readonly toSecrets: number;
}

async function changeAndRun(chain: LiveChain, names: readonly string[], change: string): Promise<Latency> {
  const { cluster, stack } = chain;
  const wanted = (name: string): string => `value-of-${name}-${change}`;
  await setInKeyVault(chain, new Map(names.map((name) => [name, wanted(name)])));
  const stop = new AbortController();
  const run = async (): Promise<string> => {
    const { succeeded, log } = await runBootstrapJob(cluster, stack, {
      purpose: "bench",
      timeoutInSeconds: syncTimeoutInSeconds,
      signal: stop.signal,
    });
    if (!succeeded || log.includes('"not-delivered"')) throw new Error(log);
    return log;
  };
  const values = new Map(names.map((name) => [name, wanted(name)]));
  const [log, lastSecretAt] = await Promise.all([run(), followSecrets(chain, values, stop.signal)]);
  const lines = log
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { time: string; phase?: string; event: string });
  const entered = (phase: string): number =>
    Date.parse(lines.find((line) => line.event === "phase" && line.phase === phase)?.time ?? "");
  return { toWrite: entered("deliver") - entered("acquire-lease"), toSecrets: lastSecretAt - entered("deliver") };
}

async function setInKeyVault({ home }: LiveChain, values: ReadonlyMap<string, string>): Promise<void> {
  const azure = localAzure(home, home.azureUrl);
  await mapBounded([...values], 16, async ([name, value]) => {
    const put = () => azure.callKeyVault("PUT", `/secrets/${name}`, { value });
    // the stand-in has Key Vault's own limit of creations
    const timing = { retryBaseInMs: 1_000, retryCapInMs: 10_000, retryAttempts: 20 };
    await retry(put, { timing, verdict: passingFault });
  });
  azure.close();
}

/** @returns when the last of the Secrets held its value, by this machine's clock, which is the run's own as well. */
async function followSecrets(
  { cluster, stack }: LiveChain,
  values: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<number> {
  const waiting = new Set(values.keys());
  const { metadata } = await cluster.get<{ metadata: { resourceVersion: string } }>("/api/v1/secrets?limit=1");
  const targets = new Map(stack.plan.deliveries.map((one) => [`${one.namespace}/${one.target}`, one.keys[0]?.secret]));
  const path = `/api/v1/secrets?watch=true&resourceVersion=${metadata.resourceVersion}`;
  for await (const { object } of cluster.watch<KubernetesObject & { data?: { VALUE?: string } }>(path, signal)) {
    const name = targets.get(`${object.metadata.namespace}/${object.metadata.name}`) ?? "";
    const value = Buffer.from(object.data?.VALUE ?? "", "base64").toString("utf8");
    if (value === values.get(name)) waiting.delete(name);
    if (waiting.size === 0) break;
  }
  return Date.now();
}

async function restartOfOne({ cluster, stack }: LiveChain): Promise<number> {
  const [{ namespace, target } = { namespace: "", target: "" }] = stack.plan.deliveries;
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments`;
  await cluster.create(path, readingDeployment("reader", target, "environment"));
  interface Deployment {
    readonly status?: { readonly availableReplicas?: number };
  }
  const isReady = async () => (await cluster.get<Deployment>(`${path}/reader`)).status?.availableReplicas === 1;
  await waitUntil(isReady, { inSeconds: 60, forWhat: "the pod to be ready" });
  const { signal } = new AbortController();
  return await timed(async () => {
    const options = { timeoutInSeconds: 60, signal, onRestart: () => {} };
    const { stoppedAt } = await restartWorkloads(cluster, [`${namespace} Deployment/reader`], options);
    if (stoppedAt !== undefined) throw new Error(stoppedAt.because);
  });
}
