import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { openCluster } from "../../clients/kubeconfig.ts";
import type { Cluster } from "../../clients/kubernetes.ts";
import { runChain } from "../../cli/deploy/chain.ts";
import { readResources } from "../../cli/deploy/engine/state.ts";
import { LiveObjects } from "../../cli/deploy/ownership/kubernetes-objects.ts";
import { Phases } from "../../cli/phases.ts";
import { kubernetesProvider, serverSideApply } from "../../components/providers.ts";
import { AdmissionGuard } from "../../components/secret-delivery.ts";
import { VaultBootstrap } from "../../components/vault-bootstrap.ts";
import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import { Redacted } from "../../domain/redacted.ts";
import { UserError } from "../../domain/user-error.ts";
import { localContext } from "../../local/home.ts";
import { recordedIo } from "../cli/recorded-io.ts";
import { useEngine } from "../support/engine.ts";
import { useSharedServers } from "../support/shared-servers.ts";
import { environmentStack } from "../support/stacks.ts";
import { liveProviders, preview, up } from "./live-providers.ts";

const clientId = "33333333-3333-4333-8333-333333333333";

describe("a live stack that is switched from pulumi to gitops", function () {
  this.timeout(180_000);
  const servers = useSharedServers(["kube-apiserver"]);
  const engine = useEngine("dev", () => liveProviders(servers().home));
  let cluster: Cluster;
  let vault: Server;
  let stack: EnvironmentStack;

  before(async () => {
    const { kubeconfig } = servers().home;
    cluster = await openCluster({ kubeconfig, context: localContext });
    vault = createServer((_request, response) => response.end('{"initialized":true}')).listen(0, "127.0.0.1");
    await once(vault, "listening");
    const operatorAddress = `http://127.0.0.1:${(vault.address() as AddressInfo).port}`;
    const dev = environmentStack("dev");
    stack = {
      ...dev,
      cluster: { ...dev.cluster, kubeconfig, context: localContext },
      vault: { ...dev.vault, operatorAddress },
    };
    for (const name of ["ameide-dev", "argocd"])
      await cluster.create("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name } });
    await up(await open(stack));
  });
  after(() => vault.close());

  /** What the program registers in Kubernetes, as far as an API server without CRDs has it. */
  const open = (plan: EnvironmentStack) =>
    engine.open(() => {
      const opts = { providers: { kubernetes: kubernetesProvider(plan) }, transformations: [serverSideApply] };
      if (plan.strictness.delivery === "pulumi") {
        new AdmissionGuard("admission", { stack: plan }, opts);
        new VaultBootstrap("bootstrap", { stack: plan, clientId, needs: [] }, opts);
      }
      return Promise.resolve();
    });
  const gitops = (...argocdApplications: string[]): EnvironmentStack => ({
    ...stack,
    strictness: { ...stack.strictness, delivery: "gitops" },
    cluster: { ...stack.cluster, ...(argocdApplications.length > 0 && { argocdApplications }) },
  });
  const run = async (until: "preview" | "update", plan = gitops()) => {
    const { signal } = new AbortController();
    const io = recordedIo();
    await runChain({
      stack: plan,
      cluster,
      signal,
      until,
      vaultToken: new Redacted("a-token"),
      openEngine: async () => ({ stack: await open(plan) }),
      phases: new Phases(io, signal),
    });
    return io.printed.err.join("\n");
  };
  const refusal = (until: "preview" | "update", plan?: EnvironmentStack): Promise<UserError> =>
    run(until, plan).then(
      () => assert.fail("passed"),
      (error: unknown) => {
        assert.ok(error instanceof UserError, String(error));
        return error;
      },
    );
  const held = async () =>
    (await readResources(await open(stack))).filter(({ type }) => type.startsWith("kubernetes:"));
  /** Paths of all objects that the first update applied. */
  const paths: string[] = [];
  const uids = () => Promise.all(paths.map(async (path) => (await cluster.get(path)).metadata["uid"]));

  it("stops before anything is removed from the state or the cluster, and names objects and next step", async () => {
    const live = new LiveObjects(cluster);
    for (const { type, inputs = {} } of await held()) {
      const { name, namespace } = inputs["metadata"] as { name: string; namespace?: string };
      paths.push((await live.pathOf(type, namespace === undefined ? name : `${namespace}/${name}`)) ?? type);
    }
    assert.ok(paths.length > 5);
    // what the engine alone would do
    const steps = await preview(await open(gitops()));
    assert.ok(steps.some((step) => step.startsWith("delete kubernetes:batch/v1:CronJob ")));
    const before = await uids();
    for (const until of ["preview", "update"] as const) {
      const { code, message } = await refusal(until);
      assert.equal(code, "delivery-switched");
      assert.match(message, /CronJob ameide-dev\/\S*vault-bootstrap/);
      assert.match(message, /: ameide-secrets move-in --stack dev$/);
    }
    assert.deepEqual(await uids(), before);
    assert.equal((await held()).length, paths.length);
  });

  it("removes them from the state after ArgoCD applies each of them, and deletes none", async () => {
    const before = await uids();
    for (const path of paths) {
      const { kind, metadata } = await cluster.get(path);
      const tracking = `secrets:group/${kind}:${metadata.namespace ?? "argocd"}/${metadata.name}`;
      await cluster.patch(path, { metadata: { annotations: { "argocd.argoproj.io/tracking-id": tracking } } });
    }
    // another application than the one that the stack file names
    assert.equal((await refusal("update", gitops("others"))).code, "delivery-switched");
    assert.match(await run("preview", gitops("secrets")), /would leave the state and stay in the cluster: .*CronJob /);
    assert.equal((await held()).length, paths.length);

    assert.match(await run("update", gitops("secrets")), /left the state and stay in the cluster: .*CronJob /);

    assert.deepEqual(await held(), []);
    assert.deepEqual(await uids(), before);
    assert.deepEqual(await preview(await open(gitops())), []);
    assert.doesNotMatch(await run("update"), /left the state/);
  });
});
