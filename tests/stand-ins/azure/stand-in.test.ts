import assert from "node:assert/strict";
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../../domain/user-error.ts";
import { startAzure } from "../../../stand-ins/azure/stand-in.ts";
import type { RestFailure } from "./official-client.ts";
import { AzureRig, group, identityId, vaultId } from "./rig.ts";

describe("startAzure", () => {
  let rig: AzureRig;
  beforeEach(async () => {
    rig = await AzureRig.start();
    await rig.makeVault();
  });
  afterEach(() => rig.stop());

  it("allows a workload to read what the operator set, with only its projected token", async () => {
    const { clientId, principalId } = await rig.makeIdentity();
    await rig.federate();
    await rig.assign(principalId);
    await rig.operatorClient().setSecret("env-ghcr-token", "value-of-ghcr-token");

    const { value } = await (await rig.workloadClient(clientId)).getSecret("env-ghcr-token");

    assert.equal(value, "value-of-ghcr-token");
  });

  it("refuses the workload's read with AADSTS70021 while there is no federated credential", async () => {
    const { clientId, principalId } = await rig.makeIdentity();
    await rig.assign(principalId);

    await assert.rejects((await rig.workloadClient(clientId)).getSecret("env-ghcr-token"), /AADSTS70021: No matching/);
  });

  it("refuses the workload's read with ForbiddenByRbac while no role is assigned, naming caller and action", async () => {
    const { clientId, principalId } = await rig.makeIdentity();
    await rig.federate();

    await assert.rejects((await rig.workloadClient(clientId)).getSecret("env-ghcr-token"), (error: RestFailure) => {
      assert.equal(error.statusCode, 403);
      assert.equal(error.code, "Forbidden");
      assert.equal(error.details.error.innerError.code, "ForbiddenByRbac");
      assert.match(error.message, new RegExp(`appid=${clientId};oid=${principalId};iss=https://sts.windows.net/`));
      assert.match(error.message, /Action: 'Microsoft\.KeyVault\/vaults\/secrets\/getSecret\/action'/);
      return true;
    });
  });

  it("keeps everything across a restart: documents, values, ids, the CA and issued tokens", async () => {
    const { clientId, principalId } = await rig.makeIdentity();
    await rig.federate();
    await rig.assign(principalId);
    await rig.operatorClient().setSecret("env-kept", "value-kept");
    const workload = await rig.workloadClient(clientId);
    await workload.getSecret("env-kept");
    const before = [await rig.arm("GET", vaultId), await rig.arm("GET", identityId), rig.azure.caPem];

    await rig.restart();

    assert.deepEqual([await rig.arm("GET", vaultId), await rig.arm("GET", identityId), rig.azure.caPem], before);
    rig.azure.control.resetCounters();
    assert.equal((await workload.getSecret("env-kept")).value, "value-kept");
    assert.deepEqual(rig.azure.control.counters().requests, { "secret-get": 1 });
  });

  it("keeps the ids of its first start even where nothing else happened", async () => {
    const fresh = await AzureRig.start();
    try {
      const { tenantId, operatorToken } = fresh.azure;
      await fresh.restart();
      assert.deepEqual([fresh.azure.tenantId, fresh.azure.operatorToken], [tenantId, operatorToken]);
    } finally {
      await fresh.stop();
    }
  });

  it("refuses a request that it cannot read, and serves the next one", async () => {
    const headers = { authorization: `Bearer ${rig.azure.operatorToken}` };
    const misspelt = await fetch(`${rig.azure.origin}/secrets/%E0%A4%A?api-version=7.6`, { headers });
    const huge = await fetch(`${rig.azure.origin}/secrets/a?api-version=7.6`, {
      method: "PUT",
      headers,
      body: "x".repeat(1_000_001),
    });

    assert.deepEqual([misspelt.status, huge.status], [400, 413]);
    assert.equal((await rig.arm("GET", vaultId)).status, 200);
  });

  it("restricts its folder to its owner, even one that was open before", async () => {
    chmodSync(rig.dir, 0o755);
    await rig.restart();

    assert.equal(statSync(rig.dir).mode & 0o777, 0o700);
    const modes = readdirSync(rig.dir).map((name) => [name, statSync(join(rig.dir, name)).mode & 0o777]);
    assert.deepEqual(Object.fromEntries(modes), {
      "ca.crt": 0o600,
      "ca.key": 0o600,
      "operator-token": 0o600,
      "state.json": 0o600,
      "token.key": 0o600,
    });
  });

  it("writes Resource Manager's changes to disk before it answers", async () => {
    await rig.arm("PUT", `${group}-two`, { location: "westeurope" });
    assert.match(readFileSync(join(rig.dir, "state.json"), "utf8"), /resourceGroups\/Ameide-two/);

    await Promise.all(
      [1, 2, 3].map((n) => rig.arm("PUT", `${vaultId}/secrets/env-${n}`, { properties: { value: "v" } })),
    );
    const text = readFileSync(join(rig.dir, "state.json"), "utf8");
    assert.deepEqual(
      [1, 2, 3].filter((n) => !text.includes(`"env-${n}"`)),
      [],
    );
  });

  it("fails on a truncated state, naming file and fix, and does not change it", async () => {
    await rig.azure.close();
    const path = join(rig.dir, "state.json");
    const half = readFileSync(path, "utf8").slice(0, -20);
    writeFileSync(path, half);

    await assert.rejects(rig.restart(), (error: UserError) => {
      assert.equal(error.code, "azure-state-unreadable");
      assert.equal(
        error.message,
        `${path} is not JSON: truncated or changed by hand\n  fix: put a good copy back, or start again with ` +
          `\`mv ${path} ${path}.broken\`; values then come from .env again`,
      );
      return true;
    });
    assert.equal(readFileSync(path, "utf8"), half);
  });

  it("fails on a port in use, naming it", async () => {
    const port = Number(new URL(rig.azure.origin).port);

    await assert.rejects(
      startAzure({ port, dir: rig.dir, clusterIssuer: rig.cluster.issuer, clusterJwks: { keys: rig.cluster.keys } }),
      { code: "azure-port-taken", message: new RegExp(`port ${port} of the Azure stand-in is taken\n  fix: `) },
    );
  });

  it("fails when the settings name another tenant than the state, naming both", async () => {
    const { tenantId } = rig.azure;
    await rig.azure.close();
    const other = "99999999-9999-4999-8999-999999999999";

    await assert.rejects(rig.restart({ tenantId: other }), {
      code: "azure-tenant-differs",
      message: new RegExp(`belongs to tenant ${tenantId}, but the settings have ${other}`),
    });
    await rig.restart();
  });
});
