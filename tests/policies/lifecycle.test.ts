import assert from "node:assert/strict";
import { judgeSteps, type PlannedStep } from "../../policies/lifecycle.ts";

const step = (op: string, type: string): PlannedStep => ({
  op,
  type,
  urn: `urn:pulumi:prod::ameide-secrets::${type}::one`,
});

describe("judgeSteps", () => {
  for (const type of [
    "azure-native:keyvault:Vault",
    "azure-native:keyvault/v20240401preview:Secret",
    "azure-native:managedidentity:UserAssignedIdentity",
    "vault:index/mount:Mount",
    "vault:index/authBackend:AuthBackend",
    "kubernetes:external-secrets.io/v1:SecretStore",
    "kubernetes:external-secrets.io/v1:ExternalSecret",
  ]) {
    it(`refuses a plan that deletes or replaces a ${type}`, () =>
      assert.deepEqual(
        ["delete", "replace", "delete-replaced"].map((op) =>
          judgeSteps([step(op, type)], "prod").map(({ code }) => code),
        ),
        [["lifecycle-no-loss"], ["lifecycle-no-loss"], ["lifecycle-no-loss"]],
      ));
  }
  it("allows a role assignment to be replaced with its principal, and fails a plan that deletes it", () =>
    assert.deepEqual(
      ["delete", "replace", "create-replacement", "delete-replaced"].map((op) =>
        judgeSteps([step(op, "azure-native:authorization:RoleAssignment")], "prod").map(({ code }) => code),
      ),
      [["lifecycle-no-loss"], [], [], []],
    ));
  it("allows what creates, updates and leaves alone", () =>
    assert.deepEqual(
      judgeSteps(
        ["create", "update", "same"].map((op) => step(op, "azure-native:keyvault:Vault")),
        "prod",
      ),
      [],
    ));
  it("allows the deletion of what can be created again", () =>
    assert.deepEqual(
      judgeSteps(
        ["vault:index/policy:Policy", "vault:kv/secretBackendV2:SecretBackendV2", "kubernetes:batch/v1:CronJob"].map(
          (type) => step("delete", type),
        ),
        "prod",
      ),
      [],
    ));
  it("allows all of it in local", () =>
    assert.deepEqual(judgeSteps([step("delete", "azure-native:keyvault:Vault")], "local"), []));
});
