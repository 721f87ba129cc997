import assert from "node:assert/strict";
import { SecretClient } from "@azure/keyvault-secrets";
import { operatorCredential } from "../../../stand-ins/azure/operator-credential.ts";
import { atOnce, collect, deleteSecret, type RestFailure } from "./official-client.ts";
import { vaultId } from "./rig.ts";
import { useAzureRig } from "./use-azure-rig.ts";

const day = 86_400_000;

describe("KeyVault", () => {
  const { rig, client, clock } = useAzureRig();

  it("challenges a client without a token, and one with a token of another tenant", async () => {
    const bare = await fetch(`${rig().azure.origin}/secrets?api-version=7.6`);
    const forged = await fetch(`${rig().azure.origin}/secrets?api-version=7.6`, {
      headers: { authorization: "Bearer a.b.c" },
    });

    for (const { status, headers } of [bare, forged]) {
      assert.equal(status, 401);
      assert.equal(
        headers.get("www-authenticate"),
        `Bearer authorization="${rig().azure.origin}/${rig().azure.tenantId}", resource="https://vault.azure.net"`,
      );
    }
  });

  it("challenges a token that was issued for another resource", async () => {
    const { clientId } = await rig().makeIdentity();
    await rig().federate();
    const { token } = await (
      await rig().workloadCredential(clientId)
    ).getToken("https://management.azure.com/.default");

    const answer = await fetch(`${rig().azure.origin}/secrets?api-version=7.6`, {
      headers: { authorization: `Bearer ${token}` },
    });

    assert.equal(answer.status, 401);
    assert.match(await answer.text(), /AKV10022: Invalid audience/);
  });

  it("fails without an API version, and for an operation that Key Vault does not have", async () => {
    const headers = { authorization: `Bearer ${rig().azure.operatorToken}` };
    const unversioned = await fetch(`${rig().azure.origin}/secrets`, { headers });
    const unknown = await fetch(`${rig().azure.origin}/secrets/a/b/c?api-version=7.6`, { headers });

    assert.deepEqual([unversioned.status, unknown.status], [400, 404]);
  });

  it("does not exist before its vault is created and after it is deleted, like Azure's host", async () => {
    await rig().arm("DELETE", vaultId);

    await assert.rejects(client().getSecret("env-one"), { code: "ECONNRESET" });
  });

  describe("setSecret and getSecret", () => {
    it("return value, version, content type, tags and dates", async () => {
      const expiresOn = new Date(1_900_000_000_000);
      const set = await client().setSecret("env-One", "value-one", {
        contentType: "text/plain",
        tags: { owner: "platform" },
        expiresOn,
      });
      const got = await client().getSecret("ENV-one");

      assert.deepEqual(got, set);
      assert.equal(got.value, "value-one");
      assert.equal(got.properties.name, "env-One");
      assert.match(got.properties.version ?? "", /^[0-9a-f]{32}$/);
      assert.equal(got.properties.contentType, "text/plain");
      assert.deepEqual(got.properties.tags, { owner: "platform" });
      assert.deepEqual(got.properties.expiresOn, expiresOn);
      assert.equal(got.properties.updatedOn?.getTime(), Math.floor(clock.now / 1000) * 1000);
      assert.equal(got.properties.recoveryLevel, "Recoverable+Purgeable");
      assert.equal(got.properties.recoverableDays, 90);
    });

    it("keep every version readable, and use the latest as current", async () => {
      const first = await client().setSecret("env-one", "value-one");
      clock.now += 5000;
      await client().setSecret("env-one", "value-two");

      assert.equal((await client().getSecret("env-one")).value, "value-two");
      const { version = "" } = first.properties;
      assert.equal((await client().getSecret("env-one", { version })).value, "value-one");
    });

    it("keep newlines, empty values and 25 KB", async () => {
      for (const value of ["line one\nline two\n", "", "ü".repeat(12_800)]) {
        await client().setSecret("env-one", value);
        assert.equal((await client().getSecret("env-one")).value, value);
      }
    });

    it("fail for what does not exist, in Azure's words", async () => {
      await assert.rejects(client().getSecret("env-none"), {
        statusCode: 404,
        code: "SecretNotFound",
        message: /^A secret with \(name\/id\) env-none was not found in this key vault\./,
      });
    });

    it("fail beyond the limits of name, value and tags, without quoting the value", async () => {
      const tags = Object.fromEntries(Array.from({ length: 16 }, (_none, n) => [`tag-${n}`, ""]));

      await assert.rejects(client().setSecret("env_one", "value"), {
        code: "BadParameter",
        message: /invalid name: env_one$/,
      });
      await assert.rejects(client().setSecret("e".repeat(128), "value"), { code: "BadParameter" });
      await assert.rejects(client().setSecret("env-one", "", { tags }), {
        code: "BadParameter",
        message: /at most 15 tags/,
      });
      await assert.rejects(client().setSecret("env-one", "ü".repeat(12_801)), (error: Error & { code: string }) => {
        assert.equal(error.code, "BadParameter");
        assert.doesNotMatch(error.message, /ü/);
        return true;
      });
    });
  });

  describe("updateSecretProperties", () => {
    it("changes the given properties and no value, and updates `updated`", async () => {
      const { properties } = await client().setSecret("env-one", "value-one", { contentType: "text/plain" });
      clock.now += 5000;

      const updated = await client().updateSecretProperties("env-one", properties.version ?? "", { tags: { a: "b" } });

      assert.deepEqual(updated.tags, { a: "b" });
      assert.equal(updated.contentType, "text/plain");
      assert.equal(Number(updated.updatedOn) - Number(updated.createdOn), 5000);
      assert.equal((await client().getSecret("env-one")).value, "value-one");
    });

    it("disables a secret, so that its value cannot be read until it is enabled", async () => {
      const { properties } = await client().setSecret("env-one", "value-one");
      const version = properties.version ?? "";
      await client().updateSecretProperties("env-one", version, { enabled: false });

      await assert.rejects(client().getSecret("env-one"), {
        statusCode: 403,
        code: "Forbidden",
        message: "Operation get is not allowed on a disabled secret.",
      });
      assert.deepEqual(await collect(client().listPropertiesOfSecrets(), ({ enabled }) => enabled), [false]);
      await client().updateSecretProperties("env-one", version, { enabled: true });
      assert.equal((await client().getSecret("env-one")).value, "value-one");
    });
  });

  describe("soft delete", () => {
    it("hides a secret, keeps it with its dates, and lists it", async () => {
      await client().setSecret("env-one", "value-one");
      const deleted = await deleteSecret(client(), "env-one");

      assert.equal(deleted.recoveryId, `${rig().azure.origin}/deletedsecrets/env-one`);
      assert.equal(Number(deleted.scheduledPurgeDate) - Number(deleted.deletedOn), 90 * day);
      assert.equal(deleted.value, undefined);
      await assert.rejects(client().getSecret("env-one"), { code: "SecretNotFound" });
      assert.deepEqual(await collect(client().listPropertiesOfSecrets(), ({ name }) => name), []);
      assert.deepEqual(await collect(client().listDeletedSecrets(), ({ name }) => name), ["env-one"]);
    });

    it("refuses a new value with ObjectIsDeletedButRecoverable, and allows recover and then set", async () => {
      await client().setSecret("env-one", "value-one");
      await deleteSecret(client(), "env-one");

      await assert.rejects(client().setSecret("env-one", "value-two"), (error: RestFailure) => {
        assert.deepEqual([error.statusCode, error.code], [409, "Conflict"]);
        assert.equal(error.details.error.innerError.code, "ObjectIsDeletedButRecoverable");
        assert.match(error.message, /^Secret env-one is currently in a deleted but recoverable state/);
        return true;
      });
      await (await client().beginRecoverDeletedSecret("env-one", atOnce)).pollUntilDone();
      assert.equal((await client().getSecret("env-one")).value, "value-one");
      await client().setSecret("env-one", "value-two");
      assert.equal((await client().getSecret("env-one")).value, "value-two");
    });

    it("ends with a purge, after which the name is free", async () => {
      await client().setSecret("env-one", "value-one");
      await deleteSecret(client(), "env-one");
      await client().purgeDeletedSecret("env-one");

      await assert.rejects(client().getDeletedSecret("env-one"), { message: "Deleted Secret not found: env-one" });
      await client().setSecret("env-one", "value-two");
    });

    it("refuses a purge under purge protection, until the retention period is over", async () => {
      await rig().arm("PUT", vaultId, rig().vaultBody({ enablePurgeProtection: true }));
      await client().setSecret("env-one", "value-one");
      const { properties } = await client().getSecret("env-one");
      assert.equal(properties.recoveryLevel, "Recoverable");
      await deleteSecret(client(), "env-one");

      await assert.rejects(client().purgeDeletedSecret("env-one"), {
        statusCode: 403,
        message: /^Operation "purge" is not allowed because purge protection is enabled for this vault\./,
      });
      clock.now += 90 * day;
      assert.deepEqual(await collect(client().listDeletedSecrets(), ({ name }) => name), []);
      await client().setSecret("env-one", "value-two");
    });
  });

  it("accepts the operator's credential on a separate client", async () => {
    const options = { disableChallengeResourceVerification: true };
    await new SecretClient(rig().azure.origin, operatorCredential(rig().dir), options).setSecret(
      "env-one",
      "value-one",
    );

    assert.equal((await client().getSecret("env-one")).value, "value-one");
  });
});
