import assert from "node:assert/strict";
import { AzureRig } from "./rig.ts";

describe("Control", () => {
  let rig: AzureRig;
  beforeEach(async () => {
    rig = await AzureRig.start();
    await rig.makeVault();
    rig.azure.control.resetCounters();
  });
  afterEach(() => rig.stop());

  async function call(method: string, what: string, body?: unknown, token = rig.azure.operatorToken) {
    const answer = await fetch(`${rig.azure.origin}/_stand-in/${what}`, {
      method,
      headers: { authorization: `Bearer ${token}` },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === "" ? undefined : (JSON.parse(text) as unknown) };
  }

  it("counts requests by kind and answers by status, except its own", async () => {
    const client = rig.operatorClient();
    await client.setSecret("env-one", "value");
    await client.getSecret("env-one");
    await assert.rejects(client.getSecret("env-two"));

    assert.deepEqual((await call("GET", "counters")).body, {
      requests: { challenge: 1, "secret-set": 1, "secret-get": 2 },
      answers: { 200: 2, 401: 1, 404: 1 },
    });
    await call("DELETE", "counters");
    assert.deepEqual((await call("GET", "counters")).body, { requests: {}, answers: {} });
  });

  it("changes a setting and keeps the others", async () => {
    const before = rig.azure.control.settings();

    const { body } = await call("PATCH", "settings", { propagationInSeconds: 60 });

    assert.deepEqual(body, { ...before, propagationInSeconds: 60 });
    assert.deepEqual((await call("GET", "settings")).body, body);
  });

  it("fails for an unknown or invalid setting, and for anyone except the operator", async () => {
    assert.equal((await call("PATCH", "settings", { propagation: 60 })).status, 400);
    assert.equal((await call("PATCH", "settings", { creationsPer10Seconds: 0 })).status, 400);
    assert.equal((await call("GET", "counters", undefined, "another-token")).status, 401);
  });

  it("answers the next requests of a kind with a fault, which the official client's retries survive", async () => {
    await rig.operatorClient().setSecret("env-one", "value-one");
    await call("POST", "faults", { kind: "secret-get", times: 2, status: 503, retryAfterInSeconds: 0 });

    const { value } = await rig.operatorClient().getSecret("env-one");

    assert.equal(value, "value-one");
    assert.equal(rig.azure.control.counters().answers["503"], 2);
  });

  it("interrupts the connection if a fault says so", async () => {
    const client = rig.operatorClient({ retryOptions: { maxRetries: 0 } });
    await client.setSecret("env-one", "value-one");
    rig.azure.control.inject({ kind: "secret-get", times: 1, drop: true });

    await assert.rejects(client.getSecret("env-one"), { code: "ECONNRESET" });
    assert.equal((await client.getSecret("env-one")).value, "value-one");
  });

  it("applies a fault only to its kind of request, and removes faults on request", async () => {
    const client = rig.operatorClient({ retryOptions: { maxRetries: 0 } });
    rig.azure.control.inject({ kind: "secret-get", times: 9, status: 500 });

    await client.setSecret("env-one", "value-one");
    await call("DELETE", "faults");
    assert.equal((await client.getSecret("env-one")).value, "value-one");
  });

  it("matches a whole family by the first word of its kind", async () => {
    rig.azure.control.inject({ kind: "arm-write", times: 1, status: 429 });

    const answers = [
      await rig.arm("GET", "/subscriptions/a/resourceGroups"),
      await rig.arm("DELETE", "/subscriptions/a"),
    ];

    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 429],
    );
  });
});
