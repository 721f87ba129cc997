import assert from "node:assert/strict";
import { external } from "../bootstrap/external.ts";
import { useRig } from "../bootstrap/use-rig.ts";

/** Incidents of the platform (domain facts, section 10) that vault-bootstrap itself stops or names, on real servers. */
describe("stopped by vault-bootstrap", function () {
  this.timeout(30_000);
  const rig = useRig("incidents");

  it("P1: images could not be pulled, because Key Vault was not read and the fixture stayed", async () => {
    const fixture = "placeholder_ghcr_token";
    const config = rig().config({ secrets: [external("p1-ghcr-token", { required: true, fixture })] });
    await rig().vault.allow(config);
    await rig().vault.writePlainly("p1-ghcr-token", fixture);
    await rig().source.setSecrets({ "p1-ghcr-token": "real" });
    await rig().source.takeRole();
    const unreadable = await rig().runHere(config);
    await rig().source.giveRole();
    assert.equal(unreadable.summary["cause"], "source-forbidden");

    await rig().source.call("DELETE", "p1-ghcr-token");
    assert.equal((await rig().runHere(config)).summary["cause"], "required-missing");
  });

  it("P3: Key Vault could not be read, because the identity was created again with another client id", async () => {
    const config = rig().config({ secrets: [external("p3")] });
    await rig().vault.allow(config);
    const clientId = "99999999-9999-4999-8999-999999999999";
    const { summary } = await rig().runHere(config, { azure: { clientId } });
    assert.equal(summary["cause"], "federation-mismatch");
    assert.match(String(summary["fix"]), /client id/);
  });

  it("P9: it reported success, but the policy lacked a path", async () => {
    const config = rig().config({ secrets: [external("p9-backstage"), external("p9-coder")] });
    await rig().vault.allow(rig().config({ secrets: [external("p9-backstage")] }));
    await rig().source.setSecrets({ "p9-backstage": "a", "p9-coder": "b" });
    const { summary } = await rig().runHere(config);
    assert.equal(summary["cause"], "vault-policy-refused");
    assert.match(String(summary["problem"]), /p9-coder/);
  });

  it("P20: it waited forever for a Vault with another name", async () => {
    const vault = rig().vaultConfig({ address: "http://foundation-vault-core.invalid:8200" });
    const { summary } = await rig().runHere(rig().config({ vault }));
    assert.equal(summary["cause"], "vault-unreachable");
    assert.match(String(summary["problem"]), /foundation-vault-core/);
  });

  it("P24: Vault stayed sealed, because the Secret of the local values was missing", async () => {
    const source = { type: "kubernetes-secret" as const, name: "p24-seed", key: "env-secrets.json" };
    await rig().cluster.allowSecret(source.name);
    const result = await rig().runHere(rig().config({ source, secrets: [external("p24", { required: true })] }));
    // opening Vault comes first, and needs no seed
    assert.equal(result.summary["phase"], "list");
    assert.equal(result.summary["cause"], "source-unreachable");
    assert.match(String(result.summary["problem"]), /p24-seed/);
  });

  it("P25: pulls failed, because an empty value was delivered", async () => {
    const config = rig().config({ secrets: [external("p25", { required: true })] });
    await rig().vault.allow(config);
    await rig().source.setSecrets({ p25: " " });
    const { summary } = await rig().runHere(config);
    assert.equal(summary["cause"], "required-missing");
    assert.equal(await rig().vault.value("p25"), undefined);
  });

  it("P35: a run that took longer than its period was replaced by the next, again and again", async () => {
    const config = rig().config({ secrets: [external("p35")] });
    await rig().vault.allow(config);
    await rig().source.setSecrets({ p35: "value" });
    const first = rig().launch(config);
    const second = rig().launch(config);
    const codes = (await Promise.all([first.result, second.result])).map(({ code }) => code);
    // the one that is later gives way, or finds the other done: neither ends the other
    assert.ok(codes.includes(0), String(codes));
    assert.ok(
      codes.every((code) => code === 0 || code === 31),
      String(codes),
    );
    assert.equal(await rig().vault.value("p35"), "value");
  });
});
