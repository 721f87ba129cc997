import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { push, rememberHeld, type PushOptions } from "../../../cli/operate/push.ts";
import { Redacted } from "../../../domain/redacted.ts";
import { operatorCredential } from "../../../stand-ins/azure/operator-credential.ts";
import { AzureRig } from "../../stand-ins/azure/rig.ts";

/** Counter of the stand-in: one for each version that is made. */
const creations = "secret-set";

describe("push", function () {
  this.timeout(90_000);
  let rig: AzureRig;
  let folder: string;

  beforeEach(async () => {
    rig = await AzureRig.start();
    await rig.makeVault();
    folder = mkdtempSync(join(tmpdir(), "ameide-secrets-push-"));
  });
  afterEach(async () => {
    await rig.stop();
    rmSync(folder, { recursive: true });
  });

  const memory = () => join(folder, "pushed.json");
  const target = () => ({
    uri: `${rig.azure.origin}/`,
    credential: operatorCredential(rig.dir),
    options: { disableChallengeResourceVerification: true },
    memory: memory(),
  });
  const redacted = (values: Readonly<Record<string, string>>) =>
    new Map(Object.entries(values).map(([name, value]) => [name, new Redacted(value)]));
  const pushed = async (values: Readonly<Record<string, string>>, options: Partial<PushOptions> = {}) => {
    const rows = await push({
      target: target(),
      values: redacted(values),
      kept: [],
      overwrite: [],
      write: true,
      ...options,
    });
    for (const value of Object.values(values)) assert.equal(JSON.stringify(rows).includes(value), false);
    return Object.fromEntries(rows.map(({ name, verdict }) => [name, verdict]));
  };
  const held = async (name: string) => (await rig.operatorClient().getSecret(name)).value;
  /** Versions made since the last call. */
  const writes = () => {
    const { requests } = rig.azure.control.counters();
    rig.azure.control.resetCounters();
    return Object.entries(requests).reduce((sum, [kind, count]) => (kind.startsWith(creations) ? sum + count : sum), 0);
  };

  it("writes new and changed values, leaves equal ones and those without a value here, and reports which", async () => {
    assert.deepEqual(await pushed({ "ghcr-token": "canary-1", "ghcr-username": "canary-2" }), {
      "ghcr-token": "new",
      "ghcr-username": "new",
    });
    assert.equal(writes(), 2);
    assert.deepEqual(
      await pushed({ "ghcr-token": "canary-3", "ghcr-username": "canary-2" }, { kept: ["openai-api-key"] }),
      { "ghcr-token": "changed", "ghcr-username": "same", "openai-api-key": "kept" },
    );
    assert.equal(writes(), 1);
    assert.deepEqual([await held("ghcr-token"), await held("ghcr-username")], ["canary-3", "canary-2"]);
  });

  it("sets the expiry that the catalogue requires, also for an unchanged value, counted from the day it was written", async () => {
    await rig.operatorClient().setSecret("ghcr-token", "canary-1");
    const lifetimes = new Map([
      ["ghcr-token", 90],
      ["openai-api-key", 30],
    ]);
    const values = { "ghcr-token": "canary-1", "openai-api-key": "canary-2", "ghcr-username": "canary-3" };
    const daysLeft = async (name: string) => {
      const { expiresOn, createdOn, contentType, tags } = (await rig.operatorClient().getSecret(name)).properties;
      const days = (Number(expiresOn) - Number(createdOn)) / 86_400_000;
      return { days: Number.isNaN(days) ? undefined : Math.round(days), contentType, isTagged: tags !== undefined };
    };
    await pushed(values, { lifetimes, write: false });
    assert.equal((await daysLeft("ghcr-token")).days, undefined);
    await pushed(values, { lifetimes });
    assert.equal((await daysLeft("ghcr-token")).days, 90);
    assert.deepEqual(await daysLeft("openai-api-key"), { days: 30, contentType: "text/plain", isTagged: true });
    assert.equal((await daysLeft("ghcr-username")).days, undefined);
    const { version } = (await rig.operatorClient().getSecret("ghcr-token")).properties;
    await rig.operatorClient().updateSecretProperties("ghcr-token", version ?? "", { expiresOn: new Date(0) });
    await pushed(values, { lifetimes });
    assert.ok(((await daysLeft("ghcr-token")).days ?? 0) < 0, "an expiry that somebody set stays");
  });

  it("writes nothing at all, not even new values, if somebody else changed one", async () => {
    await pushed({ "ghcr-token": "canary-1" });
    await rig.operatorClient().setSecret("ghcr-token", "rotated-elsewhere");
    writes();
    assert.deepEqual(await pushed({ "ghcr-token": "canary-1", "ghcr-username": "canary-2" }), {
      "ghcr-token": "conflict",
      "ghcr-username": "new",
    });
    assert.equal(writes(), 0);
    assert.equal(await held("ghcr-token"), "rotated-elsewhere");
  });

  it("overwrites it if it is named, and nothing else", async () => {
    for (const name of ["ghcr-token", "ghcr-username"]) await rig.operatorClient().setSecret(name, "elsewhere");
    const values = { "ghcr-token": "canary-1", "ghcr-username": "canary-2" };
    assert.deepEqual(await pushed(values, { overwrite: ["ghcr-token"] }), {
      "ghcr-token": "changed",
      "ghcr-username": "conflict",
    });
    assert.equal(await held("ghcr-token"), "elsewhere");
    await pushed(values, { overwrite: ["ghcr-token", "ghcr-username"] });
    assert.deepEqual([await held("ghcr-token"), await held("ghcr-username")], ["canary-1", "canary-2"]);
  });

  it("treats a value that was equal on both sides as pushed from here", async () => {
    await rig.operatorClient().setSecret("ghcr-token", "canary-1");
    assert.deepEqual(await pushed({ "ghcr-token": "canary-1" }), { "ghcr-token": "same" });
    assert.deepEqual(await pushed({ "ghcr-token": "canary-2" }), { "ghcr-token": "changed" });
  });

  it("overwrites what this program remembers that it wrote, and nothing else", async () => {
    for (const name of ["ghcr-token", "ghcr-username"]) await rig.operatorClient().setSecret(name, "canary-1");
    await pushed({ "openai-api-key": "canary-0" });
    const values = redacted({ "ghcr-token": "canary-1", "ghcr-username": "another", "not-there": "canary-1" });
    await rememberHeld(target(), values);
    assert.deepEqual(await pushed({ "ghcr-token": "canary-2", "openai-api-key": "canary-3" }), {
      "ghcr-token": "changed",
      "openai-api-key": "changed",
    });
    assert.deepEqual(await pushed({ "ghcr-username": "canary-2" }), { "ghcr-username": "conflict" });
  });

  it("recovers a soft-deleted secret and then sets the value: recovery alone would restore the old one", async () => {
    await pushed({ "ghcr-token": "canary-1" });
    await (await rig.operatorClient().beginDeleteSecret("ghcr-token")).pollUntilDone();
    assert.deepEqual(await pushed({ "ghcr-token": "canary-2" }), { "ghcr-token": "recovered" });
    assert.equal(await held("ghcr-token"), "canary-2");
  });

  it("shows what it would do without --yes, and neither writes nor remembers anything", async () => {
    assert.deepEqual(await pushed({ "ghcr-token": "canary-1" }, { write: false }), { "ghcr-token": "new" });
    assert.deepEqual([writes(), existsSync(memory())], [0, false]);
  });

  it("ignores a damaged push record, so that every difference is a conflict", async () => {
    await pushed({ "ghcr-token": "canary-1" });
    writeFileSync(memory(), `{"ghcr-token": "`);
    assert.deepEqual(await pushed({ "ghcr-token": "canary-2" }), { "ghcr-token": "conflict" });
    assert.equal(await held("ghcr-token"), "canary-1");
  });

  it("ignores a push record that contains something other than versions", async () => {
    await pushed({ "ghcr-token": "canary-1" });
    for (const text of ["null", "[]", '{"ghcr-token": 5}', '"v1"']) {
      writeFileSync(memory(), text);
      assert.deepEqual(await pushed({ "ghcr-token": "canary-2" }), { "ghcr-token": "conflict" }, text);
    }
  });

  it("records versions and no values, readable by its owner only", async () => {
    await pushed({ "ghcr-token": "canary-1" });
    const text = readFileSync(memory(), "utf8");
    const { properties } = await rig.operatorClient().getSecret("ghcr-token");
    assert.deepEqual(JSON.parse(text), { "ghcr-token": properties.version });
    assert.equal(statSync(memory()).mode & 0o777, 0o600);
  });

  it("records what it wrote if Key Vault fails in between, so that the next push continues from there", async () => {
    rig.azure.control.inject({ kind: creations, times: 1, status: 400 });
    await assert.rejects(pushed({ a: "canary-1", b: "canary-2", c: "canary-3" }), { statusCode: 400 });
    const again = await pushed({ a: "canary-4", b: "canary-5", c: "canary-6" });
    assert.deepEqual(Object.values(again).toSorted(), ["changed", "changed", "new"]);
  });

  it("fails and names the role if the user may not read", async () => {
    rig.azure.control.inject({ kind: "secret-list", times: 100, status: 403 });
    await assert.rejects(pushed({ "ghcr-token": "canary-1" }), {
      name: "UserError",
      code: "key-vault-forbidden",
      message: /"Key Vault Secrets Officer"/,
    });
  });

  it("stays under Key Vault's 300 creations in 10 seconds, so that none of 320 is refused", async () => {
    const values = Object.fromEntries(Array.from({ length: 320 }, (_, n) => [`many-${n}`, `canary-value-${n}`]));
    assert.equal(rig.azure.control.settings().throttling, true);
    await pushed(values);
    const { answers, requests } = rig.azure.control.counters();
    assert.equal(answers["429"], undefined);
    assert.equal(
      Object.entries(requests).reduce((sum, [kind, count]) => (kind.startsWith(creations) ? sum + count : sum), 0),
      320,
    );
  });
});
