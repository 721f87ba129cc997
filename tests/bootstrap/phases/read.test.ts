import assert from "node:assert/strict";
import { external } from "../external.ts";
import { useRig } from "../use-rig.ts";

describe("read", function () {
  this.timeout(30_000);
  const rig = useRig();

  it("reads and checks the required values first, before any other", async () => {
    const optional = ["later-1", "later-2", "later-3"];
    const required = ["before-1", "before-2"];
    const config = rig().config({
      secrets: [
        ...optional.map((name) => external(name)),
        ...required.map((name) => external(name, { required: true })),
      ],
    });
    await rig().vault.allow(config);
    await rig().source.setSecrets({ "before-1": "value-1", "before-2": "CHANGEME" });
    await rig().source.setSecrets(Object.fromEntries(optional.map((name) => [name, "value-1"])));
    const { control } = rig().azure;
    control.resetCounters();

    const refused = await rig().runHere(config);

    assert.equal(refused.summary["cause"], "required-missing");
    assert.equal(control.counters().requests["secret-get"], required.length);

    await rig().source.setSecrets({ "before-2": "value-2" });
    control.resetCounters();
    const carried = await rig().runHere(config);

    assert.equal(carried.summary["written"], 5, carried.text);
    assert.equal(control.counters().requests["secret-get"], 5);
    const read = carried.lines.find(({ phase, event }) => phase === "read" && event === "read");
    assert.deepEqual([read?.["read"], read?.["later"], read?.["provenUnchanged"]], [2, 3, 0]);
  });

  it("fails for the one secret whose value in Vault it may not read, and copies the others", async () => {
    const config = rig().config({ secrets: [external("unreadable"), external("readable")] });
    await rig().vault.allow(config);
    await rig().source.setSecrets({ unreadable: "value-1", readable: "value-1" });
    await rig().vault.writePlainly("unreadable", "theirs");
    const address = await rig().proxy(async ({ method, path }, forward) =>
      method === "GET" && path === "/v1/secret/data/unreadable"
        ? { status: 403, body: '{"errors":["permission denied"]}' }
        : await forward(),
    );

    const { code, summary } = await rig().runHere({ ...config, vault: rig().vaultConfig({ address }) });

    assert.equal(code, 26, JSON.stringify(summary));
    assert.match(String(summary["problem"]), /1 of 2 secrets failed: unreadable/);
    assert.equal(await rig().vault.value("readable"), "value-1");
  });
});
