import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { diffKubernetesConfig } from "../../../../stand-ins/providers/kubernetes/config-diff.ts";
import { unknown } from "../../../../stand-ins/providers/property-value.ts";

describe("diffKubernetesConfig", () => {
  let dir = "";
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "ameide-config-diff-"));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  function kubeconfig(name: string, ca: string, server = "https://127.0.0.1:28202"): string {
    const path = join(dir, name);
    const text = stringify({
      "current-context": "aks",
      contexts: [{ name: "aks", context: { cluster: "c", user: "u" } }],
      clusters: [{ name: "c", cluster: { server, "certificate-authority-data": ca } }],
      users: [{ name: "u", user: {} }],
    });
    writeFileSync(path, text);
    return path;
  }

  it("finds nothing where the configuration is the same, whatever happened to the file", () => {
    const same = { kubeconfig: join(dir, "gone"), context: "aks" };
    assert.deepEqual(diffKubernetesConfig(same, { ...same }), { diffs: [], replaces: [] });
  });

  it("updates the provider where another path has the same cluster", () => {
    const answer = diffKubernetesConfig(
      { kubeconfig: kubeconfig("a", "Q0E=") },
      { kubeconfig: kubeconfig("b", "Q0E=") },
    );
    assert.deepEqual(answer, { diffs: ["kubeconfig"], replaces: [] });
  });

  it("replaces the provider where another path has another CA or address", () => {
    const before = { kubeconfig: kubeconfig("a", "Q0E=") };
    for (const after of [kubeconfig("b", "T1RIRVI="), kubeconfig("c", "Q0E=", "https://127.0.0.1:6443")]) {
      assert.deepEqual(diffKubernetesConfig(before, { kubeconfig: after }), {
        diffs: ["kubeconfig"],
        replaces: ["kubeconfig"],
      });
    }
  });

  it("goes by clusterIdentifier where both have one", () => {
    const before = { kubeconfig: kubeconfig("a", "Q0E="), clusterIdentifier: "dev" };
    const after = { kubeconfig: kubeconfig("b", "T1RIRVI="), clusterIdentifier: "dev" };
    assert.deepEqual(diffKubernetesConfig(before, after), { diffs: ["kubeconfig"], replaces: [] });
    assert.deepEqual(diffKubernetesConfig(before, { ...before, clusterIdentifier: "prod" }), {
      diffs: ["clusterIdentifier"],
      replaces: ["clusterIdentifier"],
    });
  });

  it("does not replace for a clusterIdentifier that is added, but still for another cluster", () => {
    const before = { kubeconfig: kubeconfig("a", "Q0E=") };
    assert.deepEqual(diffKubernetesConfig(before, { ...before, clusterIdentifier: "dev" }), {
      diffs: ["clusterIdentifier"],
      replaces: [],
    });
    const after = { kubeconfig: kubeconfig("b", "T1RIRVI="), clusterIdentifier: "dev" };
    assert.deepEqual(diffKubernetesConfig(before, after).replaces, ["kubeconfig"]);
  });

  it("replaces for a kubeconfig that is not known yet", () => {
    const before = { kubeconfig: kubeconfig("a", "Q0E="), context: "aks" };
    const answer = diffKubernetesConfig(before, { kubeconfig: unknown });
    assert.deepEqual(answer, { diffs: ["kubeconfig"], replaces: ["kubeconfig"] });
  });

  it("fails where the former kubeconfig is gone, also with the same clusterIdentifier", () => {
    const before = { kubeconfig: join(dir, "gone"), clusterIdentifier: "dev" };
    const after = { kubeconfig: kubeconfig("b", "Q0E="), clusterIdentifier: "dev" };
    assert.throws(() => diffKubernetesConfig(before, after), /failed to parse kubeconfig/);
  });

  it("compares no cluster offline where a kubeconfig is of another machine", () => {
    const before = { kubeconfig: join(dir, "gone") };
    const after = { kubeconfig: kubeconfig("b", "Q0E="), clusterIdentifier: "dev" };
    assert.deepEqual(diffKubernetesConfig(before, after, true), {
      diffs: ["clusterIdentifier", "kubeconfig"],
      replaces: [],
    });
    const elsewhere = { ...after, kubeconfig: kubeconfig("c", "T1RIRVI=") };
    assert.deepEqual(diffKubernetesConfig({ kubeconfig: after.kubeconfig }, elsewhere, true).replaces, ["kubeconfig"]);
  });
});
