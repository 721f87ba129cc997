import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { clusterConnection } from "../../../../stand-ins/providers/kubernetes/kube-client.ts";

describe("clusterConnection", () => {
  let dir = "";
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "ameide-kubeconfig-"));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  function kubeconfig(server: string, name = "kubeconfig"): string {
    const path = join(dir, name);
    const text = stringify({
      "current-context": "ameide-local",
      contexts: [{ name: "ameide-local", context: { cluster: "c", user: "u" } }],
      clusters: [{ name: "c", cluster: { server } }],
      users: [{ name: "u", user: { token: "canary-token" } }],
    });
    writeFileSync(path, text);
    return path;
  }

  it("leads to the cluster that the program means as well, by path, text or context", async () => {
    const path = kubeconfig("https://127.0.0.1:28202");
    for (const options of [
      {},
      { kubeconfig: path, context: "ameide-local" },
      { kubeconfig: readFileSync(path, "utf8") },
    ]) {
      const { address, authenticate } = await clusterConnection(path, options);
      assert.equal(address, "https://127.0.0.1:28202");
      assert.deepEqual(await authenticate?.(), { headers: { authorization: "Bearer canary-token" } });
    }
  });

  it("fails where the program means another context, naming both", async () => {
    const connecting = clusterConnection(kubeconfig("https://127.0.0.1:28202"), { context: "aks-prod" });
    await assert.rejects(connecting, /context "aks-prod" does not exist .* whose context is "ameide-local"/);
  });

  it("follows the program to another kubeconfig of the same cluster", async () => {
    const path = kubeconfig("https://127.0.0.1:28202");
    const other = kubeconfig("https://localhost:28202", "kubeconfig.rotated");
    assert.equal((await clusterConnection(path, { kubeconfig: other })).address, "https://localhost:28202");
  });

  it("fails where the program's kubeconfig leads to another cluster of this machine, naming both", async () => {
    const path = kubeconfig("https://127.0.0.1:28202");
    const other = kubeconfig("https://127.0.0.1:6443", "kind");
    await assert.rejects(clusterConnection(path, { kubeconfig: other }), /kind leads to .*:6443, but .* is .*:28202/);
    await assert.rejects(
      clusterConnection(path, { kubeconfig: `${readFileSync(other, "utf8")}` }),
      /the program has another kubeconfig/,
    );
  });

  it("fails where the kubeconfig leads away from this machine, naming the server", async () => {
    const connecting = clusterConnection(kubeconfig("https://aks.example.com"), {});
    await assert.rejects(connecting, /leads to https:\/\/aks\.example\.com, which is not on this machine/);
  });
});
