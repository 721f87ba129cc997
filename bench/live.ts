import { setTimeout as sleep } from "node:timers/promises";
import { runBootstrapJob } from "../cli/access/bootstrap-job.ts";
import { connectStack } from "../cli/operate/connected-stack.ts";
import { restartWorkloads } from "../cli/operate/restart.ts";
import type { Cluster, KubernetesObject } from "../clients/kubernetes.ts";
import { mapBounded } from "../clients/pacing.ts";
import { explain } from "../diagnose/explain.ts";
import type { Access } from "../diagnose/observe/access.ts";
import { namespacesOf, observe } from "../diagnose/observe/observe.ts";
import { resync } from "../diagnose/resync.ts";
import { deliveryAccess } from "../domain/manifests/bootstrap-access.ts";
import { bootstrapConfigMap } from "../domain/manifests/bootstrap.ts";
import type { EnvironmentStack } from "../domain/plan/environment.ts";
import { waitUntil } from "../local/wait-until.ts";
import { readingDeployment } from "../tests/support/reading-deployment.ts";
import { besides, timed, type Figure } from "./bench.ts";
import { createUnlessThere, setInKeyVault, startLiveChain, untilSynced, type LiveChain } from "./live-chain.ts";

/** External Secrets syncs 50 a second, so thousands would take minutes. */
const count = 500;
const changed = 200;
const resynced = 100;

export async function* live(): AsyncGenerator<Figure> {
  const chain = await startLiveChain(count, 8);
  try {
    await untilSynced(chain);
    yield* looks(chain);
    yield await resyncs(chain);
    yield* latencies(chain);
  } finally {
    await chain.close();
  }
}

async function* looks({ home, stack }: LiveChain): AsyncGenerator<Figure> {
  const connected = await connectStack({ stack: "local", home: home.dir, portBase: String(home.portBase) });
  const { access } = connected;
  try {
    for (const size of [10, 100, count]) {
      const { secrets, deliveries } = stack.plan;
      const plan = { ...stack.plan, secrets: secrets.slice(0, size), deliveries: deliveries.slice(0, size) };
      const part = { ...stack, plan };
      const both = { work: () => observe(part, access), floor: () => bareLook(part, access), rounds: 3 };
      const figure = await besides("the fewest calls", both);
      yield { what: "doctor", size, ...figure, ...(size === count && { limit: 6_000 }) };
    }
    const snapshot = await observe(stack, access);
    // after a failure this would have measured something else
    const { causes } = explain(snapshot, stack);
    if (causes.length > 0) throw new Error(`not healthy: ${causes.map(({ code }) => code).join(", ")}`);
    const { kubernetes, vault, azure } = snapshot.calls;
    const [what, unit, size] = ["calls of doctor to", "calls", count] as const;
    yield { what: `${what} the cluster`, size, unit, value: kubernetes };
    yield { what: `${what} Vault`, size, unit, value: vault, floor: { what: "one per secret", value: count } };
    yield { what: `${what} Azure`, size, unit, value: azure, floor: { what: "25 names per page", value: count / 25 } };
  } finally {
    await connected.close();
  }
}

async function bareLook({ plan, vault, namespace }: EnvironmentStack, access: Access): Promise<void> {
  const { vault: reader, azure, kubernetes } = access;
  if (typeof reader === "string" || typeof azure === "string" || typeof kubernetes === "string")
    throw new Error("a server cannot be reached");
  const pages = async (): Promise<void> => {
    let page = "/secrets";
    while (page !== "") page = (await azure.keyVault<{ nextLink?: string | null }>(page)).nextLink ?? "";
  };
  const namespaces = [...new Set([namespace, ...plan.stores.map((store) => store.namespace)])];
  await Promise.all([
    pages(),
    mapBounded(plan.secrets, 16, ({ vaultPath }) => reader.get(`${vault.mount}/metadata/${vaultPath}`)),
    ...namespaces.map((one) => kubernetes.get(`${group}/namespaces/${one}/externalsecrets`)),
  ]);
}

async function resyncs({ cluster, stack }: LiveChain): Promise<Figure> {
  const { signal } = new AbortController();
  const deliveries = stack.plan.deliveries.slice(0, resynced);
  const options = { namespaces: namespacesOf(stack), names: deliveries.map(({ name }) => name), signal };
  // ESO sends 50 requests a second but 100 after a pause, so none may begin after a pause
  await bareResync(cluster, deliveries);
  const work = async () => {
    const { notReady } = await resync(cluster, options);
    if (notReady.length > 0) throw new Error(`not ready: ${notReady.map(({ object }) => object).join(", ")}`);
  };
  const floor = () => bareResync(cluster, deliveries);
  const { memoryInMib: _ofAll, ...figure } = await besides("External Secrets itself", { work, floor, rounds: 3 });
  return { what: `resync of ${resynced}`, ...figure };
}

const group = "/apis/external-secrets.io/v1";

interface Name {
  readonly namespace: string;
  readonly name: string;
}

type Synced = { readonly metadata: Name; readonly status?: { readonly syncedResourceVersion?: string } };

const keyOf = ({ namespace, name }: Name): string => `${namespace}/${name}`;

/** Writes every annotation at once; one watch sees when the last has synced. */
async function bareResync(cluster: Cluster, names: readonly Name[]): Promise<void> {
  const path = `${group}/externalsecrets`;
  const { items, metadata } = await cluster.get<{ items: Synced[]; metadata: { resourceVersion: string } }>(path);
  const before = new Map(items.map((one) => [keyOf(one.metadata), one.status?.syncedResourceVersion]));
  const done = watchUntilAll(cluster, `${path}?watch=true&resourceVersion=${metadata.resourceVersion}`, {
    keys: names.map(keyOf),
    isDone: (one: Synced, key) => one.status?.syncedResourceVersion !== before.get(key),
  });
  const change = { metadata: { annotations: { "force-sync": new Date().toISOString() } } };
  const patch = ({ namespace, name }: Name) =>
    cluster.patch(`${group}/namespaces/${namespace}/externalsecrets/${name}`, change);
  await Promise.all(names.map(patch));
  await done;
}

async function watchUntilAll<T extends { readonly metadata: Name }>(
  cluster: Cluster,
  path: string,
  { keys, isDone }: { keys: Iterable<string>; isDone: (object: T, key: string) => boolean },
): Promise<void> {
  const waiting = new Set(keys);
  for await (const { object } of cluster.watch<T>(path, new AbortController().signal)) {
    const key = keyOf(object.metadata);
    if (waiting.has(key) && isDone(object, key)) waiting.delete(key);
    if (waiting.size === 0) return;
  }
}

async function* latencies(chain: LiveChain): AsyncGenerator<Figure> {
  await installBootstrap(chain);
  const names = chain.stack.plan.secrets.slice(0, changed).map(({ name }) => name);
  // the first run also records the source of each value; only later runs are typical
  await changeAndRun(chain, names, "first");
  for (const [size, limit] of [
    [1, 5_000],
    [changed, 15_000],
  ] as const) {
    // External Secrets limits its calls to the API server, and the syncs of the run before have used up its burst
    await sleep(20_000);
    const { toWrite, toSecrets } = await changeAndRun(chain, names.slice(0, size), `change-of-${size}`);
    const values = `${size} changed ${size === 1 ? "value" : "values"}`;
    yield { what: `${values}: start of the run to end of the writes`, unit: "ms", value: toWrite };
    yield { what: `${values}: end of the writes to the last Secret`, unit: "ms", value: toSecrets, limit };
  }
  yield { what: "restart of a Deployment until its pod is ready", unit: "ms", value: await restartOfOne(chain) };
}

/** The CronJob of `local up`, suspended, with the configuration of these names. */
async function installBootstrap({ cluster, stack }: LiveChain): Promise<void> {
  const { namespace, bootstrap } = stack;
  const configMap = bootstrapConfigMap(stack);
  await cluster.create(`/api/v1/namespaces/${namespace}/configmaps`, configMap);
  for (const { namespace: where, role, binding } of deliveryAccess(stack)) {
    const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${where}`;
    for (const [plural, object] of Object.entries({ roles: role, rolebindings: binding })) {
      if (!(await createUnlessThere(cluster, `${rbac}/${plural}`, object)))
        await cluster.patch(`${rbac}/${plural}/${object.metadata.name}`, object);
    }
  }
  const volumes = [{ name: "vault-bootstrap", configMap: { name: configMap.metadata.name } }];
  await cluster.patch(
    `/apis/batch/v1/namespaces/${namespace}/cronjobs/${bootstrap.name}`,
    { spec: { suspend: true, jobTemplate: { spec: { template: { spec: { volumes } } } } } },
    "application/strategic-merge-patch+json",
  );
}

/** @returns milliseconds. */
async function changeAndRun(chain: LiveChain, names: readonly string[], change: string) {
  const { cluster, stack } = chain;
  const values = new Map(names.map((name) => [name, `value-of-${name}-${change}`]));
  await setInKeyVault(chain.home, values);
  const targets = new Map(stack.plan.deliveries.map((one) => [`${one.namespace}/${one.target}`, one.keys[0]?.secret]));
  const { metadata } = await cluster.get<{ metadata: { resourceVersion: string } }>("/api/v1/secrets?limit=1");
  const path = `/api/v1/secrets?watch=true&resourceVersion=${metadata.resourceVersion}`;
  const arrived = watchUntilAll<KubernetesObject & { metadata: Name; data?: { VALUE?: string } }>(cluster, path, {
    keys: [...targets].flatMap(([key, name = ""]) => (values.has(name) ? [key] : [])),
    isDone: ({ data }, key) =>
      Buffer.from(data?.VALUE ?? "", "base64").toString("utf8") === values.get(targets.get(key) ?? ""),
  }).then(() => Date.now());
  const { succeeded, log } = await runBootstrapJob(cluster, stack, {
    purpose: "bench",
    timeoutInSeconds: 180,
    signal: new AbortController().signal,
  });
  if (!succeeded || log.includes('"not-delivered"')) throw new Error(log);
  const lines = log.trim().split("\n");
  const phases = lines.map((line) => JSON.parse(line) as { time: string; phase?: string; event: string });
  const entered = (phase: string): number =>
    Date.parse(phases.find((line) => line.event === "phase" && line.phase === phase)?.time ?? "");
  // this machine's clock is also the run's
  const [toWrite, toSecrets] = [entered("deliver") - entered("acquire-lease"), (await arrived) - entered("deliver")];
  return { toWrite, toSecrets: Math.max(0, toSecrets) };
}

async function restartOfOne({ cluster, stack }: LiveChain): Promise<number> {
  const [{ namespace, target } = { namespace: "", target: "" }] = stack.plan.deliveries;
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments`;
  await cluster.create(path, readingDeployment("reader", target, "environment"));
  type Deployment = { readonly status?: { readonly availableReplicas?: number } };
  const isReady = async () => (await cluster.get<Deployment>(`${path}/reader`)).status?.availableReplicas === 1;
  await waitUntil(isReady, { inSeconds: 60, forWhat: "the pod to be ready" });
  const { signal } = new AbortController();
  return await timed(async () => {
    const options = { timeoutInSeconds: 60, signal, onRestart: () => {} };
    const { stoppedAt } = await restartWorkloads(cluster, [`${namespace} Deployment/reader`], options);
    if (stoppedAt !== undefined) throw new Error(stoppedAt.because);
  });
}
