import assert from "node:assert/strict";
import { VaultEngine } from "../../components/vault.ts";
import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import { recordStack } from "../support/record-stack.ts";
import { environmentStack, localStack } from "../support/stacks.ts";

function record(stack: EnvironmentStack) {
  return recordStack(() => new VaultEngine("engine", { stack }));
}

describe("VaultEngine", () => {
  it("creates the mount, its configuration and every policy, named after themselves", async () => {
    assert.deepEqual((await record(environmentStack())).map(({ type, name }) => `${type} ${name}`).toSorted(), [
      "ameide-secrets:vault:VaultEngine engine",
      "vault:index/mount:Mount engine-kv",
      "vault:index/policy:Policy engine-ameide-secrets-bootstrap",
      "vault:index/policy:Policy engine-ameide-secrets-reader-ameide-dev",
      "vault:index/policy:Policy engine-ameide-secrets-reader-argocd",
      "vault:index/policy:Policy engine-keycloak-client-patcher",
      "vault:kv/secretBackendV2:SecretBackendV2 engine-kv-config",
    ]);
  });

  it("mounts KV v2 without required check-and-set: the client-patcher sends none", async () => {
    const created = await record(environmentStack());
    const inputs = new Map(created.map((one) => [one.name, one.inputs]));
    assert.deepEqual(inputs.get("engine-kv"), {
      path: "secret",
      type: "kv",
      options: { version: "2" },
      description: "secrets, one value a path",
    });
    assert.deepEqual(inputs.get("engine-kv-config"), { mount: "secret", maxVersions: 10, casRequired: false });
  });

  it("protects and retains the mount, except in local", async () => {
    const mountOf = async (stack: EnvironmentStack) => {
      const mount = (await record(stack)).find(({ name }) => name === "engine-kv");
      return [mount?.options.protect, mount?.options.retainOnDelete];
    };
    assert.deepEqual(await mountOf(environmentStack("prod")), [true, true]);
    assert.deepEqual(await mountOf(localStack()), [false, false]);
  });
});
