import assert from "node:assert/strict";
import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigMap, ServiceAccount } from "@pulumi/kubernetes/core/v1/index.js";
import { Provider } from "@pulumi/kubernetes/provider.js";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { parse, stringify } from "yaml";
import { previewStack, updateStack } from "../../cli/deploy/engine/deploy.ts";
import { pulumiCli, readFittingState } from "../../cli/deploy/engine/state.ts";
import { refuseLoss } from "../../cli/deploy/gates.ts";
import { serverSideApply } from "../../components/providers.ts";
import { kubernetesProvider } from "../../components/providers.ts";
import { homeCluster } from "../../local/servers/cluster-call.ts";
import { KubernetesClient } from "../../clients/kubernetes.ts";
import { useEngine } from "../support/engine.ts";
import { useSharedServers } from "../support/shared-servers.ts";
import { environmentStack } from "../support/stacks.ts";
import { liveProviders } from "./live-providers.ts";

interface Kubeconfig {
  readonly clusters: [{ readonly cluster: { server: string; "certificate-authority-data": string } }];
}

describe("a kubeconfig that changes, on a real API server", function () {
  this.timeout(240_000);
  const servers = useSharedServers(["kube-controller-manager"]);
  const engine = useEngine("dev", () => liveProviders(servers().home));
  const run = () => ({ policyPacks: [], signal: new AbortController().signal });
  const context = "ameide-local";
  const oidcIssuer = "https://issuer";
  let api: KubernetesClient;
  let original: string;
  let uids: readonly string[];

  before(async () => {
    api = homeCluster(servers().home);
    original = kubeconfigFile("original", () => {});
  });
  after(() => api.close());

  function kubeconfigFile(name: string, change: (cluster: Kubeconfig["clusters"][0]["cluster"]) => void): string {
    const config = parse(readFileSync(servers().home.kubeconfig, "utf8")) as Kubeconfig;
    change(config.clusters[0].cluster);
    const path = join(engine.folder, `${name}.kubeconfig`);
    writeFileSync(path, stringify(config), { mode: 0o600 });
    return path;
  }
  /** A bundle of two certificates, as in the time in which a CA is replaced. */
  const rotated = (name: string) =>
    kubeconfigFile(name, (cluster) => {
      const ca = Buffer.from(cluster["certificate-authority-data"], "base64").toString("utf8");
      cluster["certificate-authority-data"] = btoa(`${ca.trim()}\n${ca}`);
    });
  const moved = (name: string) =>
    kubeconfigFile(name, (cluster) => (cluster.server = cluster.server.replace("127.0.0.1", "localhost")));

  const objects = (provider: Provider) => {
    const metadata = { namespace: "default", name: "kept" };
    const transformations = [serverSideApply];
    new ConfigMap("config", { metadata, data: { key: "text" } }, { provider, transformations, retainOnDelete: true });
    new ServiceAccount("account", { metadata }, { provider, transformations });
  };
  const withIdentifier = (kubeconfig: string) => () => {
    objects(kubernetesProvider({ name: "dev", cluster: { kubeconfig, context, oidcIssuer } }));
    return Promise.resolve();
  };
  const withoutIdentifier = (kubeconfig: string) => () => {
    objects(new Provider("kubernetes", { kubeconfig, context, enableServerSideApply: true }));
    return Promise.resolve();
  };
  const changesOf = async (stack: Stack, apply: typeof previewStack) =>
    (await apply(stack, run())).changes.map(({ operation, name }) => `${operation} ${name}`);
  const liveUids = async () => {
    const paths = ["configmaps/kept", "serviceaccounts/kept"].map((path) => `/api/v1/namespaces/default/${path}`);
    const live = await Promise.all(paths.map((path) => api.get<{ metadata: { uid: string } }>(path)));
    return live.map(({ metadata }) => metadata.uid);
  };
  /** A stack as an earlier version of the program left it. */
  const startAnew = async () => {
    const stack = await engine.open(withoutIdentifier(original));
    await updateStack(stack, run());
    uids = await liveUids();
    return stack;
  };
  afterEach(async () => {
    assert.deepEqual(await liveUids(), uids, "the objects are the same ones");
    await (await engine.open(() => Promise.resolve())).destroy();
    await api.remove("/api/v1/namespaces/default/configmaps/kept");
  });

  it("replaces nothing for another path, CA or address", async () => {
    await updateStack(await engine.open(withIdentifier(original)), run());
    uids = await liveUids();
    for (const file of [rotated("ca"), moved("address"), kubeconfigFile("copy", () => {})]) {
      const stack = await engine.open(withIdentifier(file));
      assert.deepEqual(await changesOf(stack, previewStack), ["update kubernetes"]);
    }
    assert.deepEqual(await changesOf(await engine.open(withIdentifier(moved("address"))), updateStack), [
      "update kubernetes",
    ]);
  });

  it("replaces nothing if the identifier is new and the kubeconfig is the same", async () => {
    await startAnew();
    const stack = await engine.open(withIdentifier(original));
    assert.deepEqual(await changesOf(stack, updateStack), ["update kubernetes"]);
    const other = await engine.open(withIdentifier(rotated("after")));
    assert.deepEqual(await changesOf(other, updateStack), ["update kubernetes"]);
  });

  it("refuses the plan if both are new, and the fix works", async () => {
    await startAnew();
    const file = rotated("both");
    const stack = await engine.open(withIdentifier(file));
    const { changes } = await previewStack(stack, run());
    await assert.rejects(refuseLoss(changes, stack), (error: Error) => {
      assert.match(error.message, /1 Kubernetes object\(s\) that keep their names[^]*ConfigMap default\/kept\n/);
      assert.ok(error.message.includes(`set cluster.kubeconfig of Pulumi.dev.yaml to ${original},`));
      return true;
    });
    copyFileSync(file, original);
    assert.deepEqual(await changesOf(await engine.open(withIdentifier(original)), updateStack), ["update kubernetes"]);
    assert.deepEqual(await changesOf(await engine.open(withIdentifier(file)), updateStack), ["update kubernetes"]);
    original = kubeconfigFile("original", () => {});
  });

  it("keeps every object even if nothing refuses that plan, as with plain pulumi", async () => {
    await startAnew();
    const stack = await engine.open(withIdentifier(rotated("plain")));
    assert.deepEqual((await changesOf(stack, updateStack)).toSorted(), [
      "replace account",
      "replace config",
      "replace kubernetes",
    ]);
    uids = await liveUids();
  });

  it("refuses to start if the previous kubeconfig is missing, and the fix works", async () => {
    await startAnew();
    const plan = environmentStack("dev", { cluster: { kubeconfig: rotated("new"), context, oidcIssuer } });
    rmSync(original);
    const stack = await engine.open(withIdentifier(plan.cluster.kubeconfig ?? ""));
    await assert.rejects(readFittingState(stack, plan), (error: Error) => {
      assert.ok(error.message.includes(`cp ${plan.cluster.kubeconfig} ${original};`), error.message);
      return true;
    });
    copyFileSync(plan.cluster.kubeconfig ?? "", original);
    await readFittingState(stack, plan);
    assert.deepEqual(await changesOf(stack, updateStack), ["update kubernetes"]);
    rmSync(original);
    await readFittingState(stack, plan);
    original = kubeconfigFile("original", () => {});
  });

  it("refuses to replace an object that is tainted, and the fix works", async () => {
    const stack = await startAnew();
    const [urn = ""] = (await previewStack(await engine.open(() => Promise.resolve()), run())).changes
      .filter(({ name }) => name === "config")
      .map((change) => change.urn);
    await pulumiCli(stack, ["state", "taint", "--yes", urn]);
    const tainted = await engine.open(withoutIdentifier(original));
    const { changes } = await previewStack(tainted, run());
    await assert.rejects(refuseLoss(changes, tainted), /fix: pulumi state untaint --stack dev --yes '.*::config'/);
    await pulumiCli(stack, ["state", "untaint", "--yes", urn]);
    assert.deepEqual(await changesOf(await engine.open(withoutIdentifier(original)), previewStack), []);
  });
});
