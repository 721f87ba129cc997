import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { RestFailure } from "./official-client.ts";
import { useAzureRig } from "./use-azure-rig.ts";

describe("Throttle, by Key Vault's official client", () => {
  const { rig, client, clock } = useAzureRig();

  it("fails beyond the creations of ten seconds with 429 and Retry-After, while reads pass", async () => {
    rig().azure.control.configure({ creationsPer10Seconds: 2 });
    await client().setSecret("env-one", "value");
    clock.now += 4000;
    await client().setSecret("env-two", "value");

    await assert.rejects(client().setSecret("env-three", "value"), (error: RestFailure) => {
      assert.deepEqual([error.statusCode, error.code], [429, "Throttled"]);
      assert.equal(error.response.headers.get("retry-after"), "6");
      return true;
    });
    await client().getSecret("env-one");
    clock.now += 6000;
    await client().setSecret("env-three", "value");
  });

  it("fails beyond the transactions of ten seconds, while creations pass", async () => {
    rig().azure.control.configure({ transactionsPer10Seconds: 3 });
    await client().setSecret("env-one", "value");
    for (let n = 0; n < 3; n++) await client().getSecret("env-one");

    await assert.rejects(client().getSecret("env-one"), { statusCode: 429 });
    await client().setSecret("env-two", "value");
  });

  it("is waited out by the official client's own retries", async () => {
    rig().azure.control.configure({ transactionsPer10Seconds: 1 });
    await client().setSecret("env-one", "value-one");
    await client().getSecret("env-one");
    const patient = rig().operatorClient({ retryOptions: { maxRetries: 3 } });
    clock.now += 9500;
    const throttled = () => rig().azure.control.counters().answers["429"] ?? 0;
    const got = patient.getSecret("env-one");
    while (throttled() === 0) await sleep(10);
    clock.now += 1000;

    assert.equal((await got).value, "value-one");
  });

  it("restarts counting with new limits, from the next call on", async () => {
    rig().azure.control.configure({ transactionsPer10Seconds: 1 });
    await client().setSecret("env-one", "value");
    await client().getSecret("env-one");

    rig().azure.control.configure({ transactionsPer10Seconds: 2 });

    await client().getSecret("env-one");
    await client().getSecret("env-one");
    await assert.rejects(client().getSecret("env-one"), { statusCode: 429 });
  });

  it("can be switched off", async () => {
    rig().azure.control.configure({ transactionsPer10Seconds: 1, throttling: false });
    await client().setSecret("env-one", "value");

    for (let n = 0; n < 5; n++) await client().getSecret("env-one");
  });
});
