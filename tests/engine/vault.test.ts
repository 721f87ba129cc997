import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { AuthBackend, Mount, Policy } from "@pulumi/vault";
import { AuthBackendConfig, AuthBackendRole } from "@pulumi/vault/kubernetes/index.js";
import { SecretBackendV2 } from "@pulumi/vault/kv/index.js";
import { useEngine, type Program } from "../support/engine.ts";
import { openVault, unsealVault } from "../support/open-vault.ts";
import { useServers } from "../support/servers.ts";
import { liveProviders, preview, up } from "./live-providers.ts";

interface Answer {
  readonly data: Readonly<Record<string, unknown>>;
}

describe("vault with the stand-in of its provider, on OpenBao", function () {
  this.timeout(120_000);
  const servers = useServers(["openbao"]);
  let token = "";
  let unsealKey = "";

  async function vault<T = Answer>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${servers().home.vaultUrl}/v1/${path}`, {
      method,
      headers: { "x-vault-token": token },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return (response.status === 204 ? {} : await response.json()) as T;
  }

  before(async () => {
    ({ rootToken: token, unsealKey } = await openVault(servers().home.vaultUrl));
  });

  const engine = useEngine("local", () => liveProviders(servers().home, token));

  const objects =
    (
      changed: { rules?: string; names?: string[]; maxVersions?: number; ttl?: number; backend?: string } = {},
    ): Program =>
    () => {
      const mount = new Mount("mount", { path: "secret", type: "kv", options: { version: "2" }, description: "ours" });
      new SecretBackendV2("engine", { mount: mount.path, maxVersions: changed.maxVersions ?? 10 });
      const policy = new Policy("policy", { name: "reader", policy: changed.rules ?? 'path "secret/data/a" {}' });
      const backend = new AuthBackend("backend", { type: "kubernetes", path: changed.backend ?? "kubernetes" });
      new AuthBackendConfig("config", {
        backend: backend.path,
        kubernetesHost: "https://127.0.0.1:1",
        disableLocalCaJwt: true,
        kubernetesCaCert: "-----BEGIN CERTIFICATE-----",
      });
      new AuthBackendRole("role", {
        backend: backend.path,
        roleName: "reader",
        boundServiceAccountNames: changed.names ?? ["reader", "another"],
        boundServiceAccountNamespaces: ["ameide-local"],
        tokenPolicies: [policy.name],
        ...(changed.ttl === undefined ? {} : { tokenTtl: changed.ttl }),
      });
      return Promise.resolve();
    };

  it("creates what is planned, and then plans nothing", async () => {
    const stack = await engine.open(objects());
    assert.equal((await up(stack)).length, 6);
    assert.deepEqual(await preview(stack), []);
    const { data } = await vault("GET", "auth/kubernetes/role/reader");
    assert.deepEqual(data["token_policies"], ["reader"]);
  });

  it("plans nothing for another order of a set", async () => {
    const stack = await engine.open(objects({ names: ["another", "reader"] }));
    assert.deepEqual(await preview(stack), []);
  });

  it("updates fields in place, and resets those that the program no longer sets", async () => {
    const stack = await engine.open(objects({ rules: 'path "secret/data/b" {}', maxVersions: 5, ttl: 600 }));
    assert.deepEqual((await up(stack)).toSorted(), [
      "update vault:index/policy:Policy policy",
      "update vault:kubernetes/authBackendRole:AuthBackendRole role",
      "update vault:kv/secretBackendV2:SecretBackendV2 engine",
    ]);
    assert.equal((await vault("GET", "secret/config")).data["max_versions"], 5);
    assert.equal((await vault("GET", "auth/kubernetes/role/reader")).data["token_ttl"], 600);
    assert.deepEqual(await up(await engine.open(objects({ rules: 'path "secret/data/b" {}', maxVersions: 5 }))), [
      "update vault:kubernetes/authBackendRole:AuthBackendRole role",
    ]);
    assert.equal((await vault("GET", "auth/kubernetes/role/reader")).data["token_ttl"], 0);
  });

  it("keeps the token out of the state", () => {
    const state = readFileSync(join(engine.folder, "state/.pulumi/stacks/ameide-secrets/local.json"), "utf8");
    assert.equal(state.includes("vault:index/policy:Policy"), true);
    assert.equal(state.includes(token), false);
  });

  it("sees drift after a refresh, and fixes it", async () => {
    await vault("PUT", "sys/policies/acl/reader", { policy: 'path "secret/*" {}' });
    await vault("DELETE", "auth/kubernetes/role/reader");
    const stack = await engine.open(objects({ rules: 'path "secret/data/b" {}', maxVersions: 5 }));
    await stack.refresh();
    assert.deepEqual((await preview(stack)).toSorted(), [
      "create vault:kubernetes/authBackendRole:AuthBackendRole role",
      "update vault:index/policy:Policy policy",
    ]);
    await up(stack);
    const { data } = await vault("GET", "sys/policies/acl/reader");
    assert.equal(data["policy"], 'path "secret/data/b" {}');
  });

  it("resets fields that somebody set and the program never names, and writes a deleted policy again", async () => {
    const { data: config } = await vault("GET", "auth/kubernetes/config");
    await vault("PUT", "auth/kubernetes/config", { ...config, issuer: "https://example.invalid" });
    await vault("DELETE", "sys/policies/acl/reader");
    const stack = await engine.open(objects({ rules: 'path "secret/data/b" {}', maxVersions: 5 }));
    await stack.refresh();
    assert.deepEqual((await up(stack)).toSorted(), [
      "update vault:index/policy:Policy policy",
      "update vault:kubernetes/authBackendConfig:AuthBackendConfig config",
    ]);
    assert.equal((await vault("GET", "auth/kubernetes/config")).data["issuer"], "");
    assert.equal((await vault("GET", "sys/policies/acl/reader")).data["policy"], 'path "secret/data/b" {}');
    assert.deepEqual(await preview(stack), []);
  });

  it("creates first and deletes later, so a mount that is replaced at its own path fails and stays", async () => {
    const stack = await engine.open(async () => {
      await objects({ rules: 'path "secret/data/b" {}', maxVersions: 5 })();
      new Mount("other", { path: "other", type: "kv" });
    });
    await up(stack);
    const replaced = await engine.open(async () => {
      await objects({ rules: 'path "secret/data/b" {}', maxVersions: 5 })();
      new Mount("other", { path: "other", type: "transit" });
    });
    await assert.rejects(up(replaced), /path is already in use at other\//);
    const { data } = await vault("GET", "sys/mounts");
    assert.equal((data["other/"] as { type: string }).type, "kv");
    await up(await engine.open(objects({ rules: 'path "secret/data/b" {}', maxVersions: 5 })));
  });

  it("imports what already exists", async () => {
    await vault("PUT", "sys/policies/acl/theirs", { policy: 'path "x" {}' });
    const before = objects({ rules: 'path "secret/data/b" {}', maxVersions: 5 });
    const stack = await engine.open(async () => {
      await before();
      new Policy("imported", { name: "theirs", policy: 'path "x" {}' }, { import: "theirs", retainOnDelete: true });
    });
    assert.deepEqual(await up(stack), ["import vault:index/policy:Policy imported"]);
    assert.deepEqual(await preview(stack), []);
  });

  it("fails to mount over an existing mount, in Vault's words", async () => {
    const stack = await engine.open(async () => {
      await objects({ rules: 'path "secret/data/b" {}', maxVersions: 5 })();
      new Mount("second", { path: "secret", type: "kv" });
    });
    await assert.rejects(up(stack), /Code: 400\. Errors:\s+\* path is already in use at secret\//);
  });

  it("destroys only what it created", async () => {
    const stack = await engine.open(objects({ rules: 'path "secret/data/b" {}', maxVersions: 5 }));
    await stack.destroy();
    const { data } = await vault("GET", "sys/mounts");
    assert.equal("secret/" in data, false);
    assert.equal("cubbyhole/" in data, true);
  });

  it("plans creations while Vault is sealed, and fails with the first one, in Vault's words", async () => {
    await vault("PUT", "sys/seal");
    try {
      const stack = await engine.open(objects());
      assert.equal((await preview(stack)).length, 6);
      await assert.rejects(up(stack), /failed to lookup token.*Vault is sealed/s);
    } finally {
      await unsealVault(servers().home.vaultUrl, unsealKey);
    }
  });
});
