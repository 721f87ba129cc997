import assert from "node:assert/strict";
import type { SecretClient } from "@azure/keyvault-secrets";
import { AzureRig, group, secretsOfficer, secretsUser, subscription, vaultId } from "./rig.ts";

const owner = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
const reader = "21090545-7ca7-4776-b22c-e363652d74d2";

describe("checkRole", () => {
  let rig: AzureRig;
  let clock: number;
  let principalId: string;
  let client: SecretClient;
  beforeEach(async () => {
    clock = Date.now();
    rig = await AzureRig.start({ now: () => clock });
    await rig.makeVault();
    const identity = await rig.makeIdentity();
    principalId = identity.principalId;
    await rig.federate();
    for (const name of ["env-one", "env-two"]) await rig.operatorClient().setSecret(name, "value");
    client = await rig.workloadClient(identity.clientId);
  });
  afterEach(() => rig.stop());

  const list = async () => {
    for await (const { name } of client.listPropertiesOfSecrets()) assert.notEqual(name, "");
  };

  it("allows a Secrets User to get and list, and nothing else", async () => {
    await rig.assign(principalId, vaultId, secretsUser);

    await client.getSecret("env-one");
    await list();
    await assert.rejects(client.setSecret("env-one", "value"), forbidden("secrets/setSecret/action"));
    await assert.rejects(client.beginDeleteSecret("env-one"), forbidden("secrets/delete"));
    await assert.rejects(client.updateSecretProperties("env-one", "", {}), forbidden("secrets/update/action"));
    await assert.rejects(client.purgeDeletedSecret("env-one"), forbidden("secrets/purge/action"));
  });

  it("allows a Secrets Officer everything", async () => {
    await rig.assign(principalId, vaultId, secretsOfficer);

    await client.setSecret("env-three", "value");
    const deletion = await client.beginDeleteSecret("env-three", { intervalInMs: 1 });
    await deletion.pollUntilDone();
    await client.purgeDeletedSecret("env-three");
  });

  it("allows a Reader to list, and refuses its read of a value", async () => {
    await rig.assign(principalId, vaultId, reader);

    await list();
    await assert.rejects(client.getSecret("env-one"), forbidden("secrets/getSecret/action"));
  });

  it("gives an Owner no rights in the data plane", async () => {
    await rig.assign(principalId, subscription, owner);

    await assert.rejects(client.getSecret("env-one"), forbidden("secrets/getSecret/action"));
  });

  for (const scope of [subscription, group, group.toUpperCase(), vaultId]) {
    it(`counts an assignment at ${scope.split("/").at(-2)}/${scope.split("/").at(-1)}`, async () => {
      await rig.assign(principalId, scope);

      await client.getSecret("env-one");
    });
  }

  it("limits an assignment at one secret to that secret, without listing", async () => {
    await rig.assign(principalId, `${vaultId}/secrets/env-one`);

    await client.getSecret("env-one");
    await assert.rejects(client.getSecret("env-two"), forbidden("secrets/getSecret/action"));
    // the client's paging keeps status and code of an error, not its text
    await assert.rejects(list(), { statusCode: 403, code: "Forbidden" });
  });

  it("counts no assignment on another vault with the same beginning of its name", async () => {
    await rig.assign(principalId, vaultId.slice(0, -1));

    await assert.rejects(client.getSecret("env-one"), forbidden("secrets/getSecret/action"));
  });

  it("counts no assignment of another principal", async () => {
    await rig.assign("33333333-3333-4333-8333-333333333333");

    await assert.rejects(client.getSecret("env-one"), forbidden("secrets/getSecret/action"));
  });

  it("counts an assignment after it has propagated, and none that was deleted", async () => {
    rig.azure.control.configure({ propagationInSeconds: 300 });
    const { body } = await rig.assign(principalId);
    await assert.rejects(client.getSecret("env-one"), forbidden("secrets/getSecret/action"));
    clock += 300_000;
    await client.getSecret("env-one");

    await rig.arm("DELETE", body.id);

    await assert.rejects(client.getSecret("env-one"), forbidden("secrets/getSecret/action"));
  });

  it("fails on a vault with access policies instead of RBAC, which silently ignores role assignments", async () => {
    await rig.assign(principalId);
    await rig.arm("PUT", vaultId, rig.vaultBody({ enableRbacAuthorization: false, accessPolicies: [] }));

    await assert.rejects(client.getSecret("env-one"), {
      statusCode: 403,
      message: /does not have secrets get permission on key vault 'ameidekv;location=westeurope'/,
    });
  });
});

function forbidden(action: string) {
  return { statusCode: 403, code: "Forbidden", message: new RegExp(`Action: 'Microsoft\\.KeyVault/vaults/${action}'`) };
}
