import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { stringify } from "yaml";
import { openCluster } from "../../clients/kubeconfig.ts";
import { renderManifests } from "../../domain/manifests/render.ts";
import { load, readStackSettings, repositoryRoot } from "../../environments/index.ts";
import { applyCrds } from "../../local/servers/cluster-objects.ts";
import { useSharedServers } from "../support/shared-servers.ts";

describe("renderManifests, on a real API server", function () {
  this.timeout(60_000);
  const servers = useSharedServers(["kube-apiserver"]);

  it("renders prod so that the API server accepts every object without unknown fields", async () => {
    const { home, binaries } = servers();
    await applyCrds(home, binaries);
    const cluster = await openCluster({ kubeconfig: home.kubeconfig, context: "ameide-local" });
    const settings = readStackSettings("prod", repositoryRoot);
    const stack = await load({ stack: "prod", settings, envFiles: [], offline: true });
    assert.ok(stack.kind === "environment");
    for (const { namespace } of stack.plan.stores) {
      const made = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
      await cluster.create("/api/v1/namespaces", made);
    }

    const objects = renderManifests(stack, { clientId: "33333333-3333-4333-8333-333333333333" });
    const yaml = objects.map(({ object }) => stringify(object)).join("---\n");
    const args = ["--kubeconfig", home.kubeconfig, "apply", "--server-side", "--dry-run=server", "--validate=strict"];
    const { status, stdout, stderr } = spawnSync(binaries.kubectl, [...args, "-f", "-"], {
      input: yaml,
      encoding: "utf8",
    });
    assert.equal(status, 0, stderr);
    assert.equal(stdout.trim().split("\n").length, objects.length);
    assert.doesNotMatch(stderr, /unknown field|Warning/);
  });
});
