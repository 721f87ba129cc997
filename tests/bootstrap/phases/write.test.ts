import assert from "node:assert/strict";
import type { BootstrapConfig } from "../../../domain/bootstrap-config.ts";
import { bootstrapWriters } from "../../../domain/bootstrap-writers.ts";
import type { ProxiedCall } from "../vault-proxy.ts";
import { external } from "../external.ts";
import { useRig } from "../use-rig.ts";

function isWriteOf(path: string): (call: ProxiedCall) => boolean {
  return (call) => call.method === "POST" && call.path === `/v1/secret/data/${path}`;
}

describe("write", function () {
  this.timeout(30_000);
  const rig = useRig();

  const behind = async (config: BootstrapConfig, address: string) =>
    await rig().runHere({ ...config, vault: rig().vaultConfig({ address }) });

  /** Runs with another writer that is quicker by a moment at our first write of `path`. */
  const raced = async (config: BootstrapConfig, path: string, other: () => Promise<unknown>) => {
    let isFirst = true;
    const address = await rig().proxy(async (call, forward) => {
      if (isWriteOf(path)(call) && isFirst) {
        isFirst = false;
        await other();
      }
      return await forward();
    });
    return await behind(config, address);
  };

  it("leaves a value that Keycloak's patcher wrote between our read and our write", async () => {
    const generated = {
      name: "raced-generated",
      authority: "generated" as const,
      path: "raced-generated",
      required: false,
    };
    await rig().source.setSecrets({ "raced-external": "ours" });

    for (const secret of [external("raced-external"), generated]) {
      const config = rig().config({ secrets: [secret] });
      await rig().vault.allow(config);
      await raced(config, secret.path, () => rig().vault.writePlainly(secret.path, "from-keycloak"));
    }

    assert.equal(await rig().vault.value("raced-external"), "from-keycloak");
    assert.equal(await rig().vault.value("raced-generated"), "from-keycloak");
    assert.equal(await rig().vault.writePlainly("raced-external", "from-keycloak again"), 200);
  });

  it("reads an external secret again after one mismatch, and writes over its own earlier value", async () => {
    const config = rig().config({ secrets: [external("raced-own")] });
    await rig().vault.allow(config);
    await rig().source.setSecrets({ "raced-own": "value-1" });
    await rig().runHere(config);
    await rig().source.setSecrets({ "raced-own": "value-2" });

    const byHand = { options: { cas: 1 }, data: { value: "by hand" } };
    const result = await raced(config, "raced-own", () => rig().vault.call("POST", "secret/data/raced-own", byHand));

    assert.equal(result.code, 0, result.text);
    assert.equal(await rig().vault.value("raced-own"), "value-2");
  });

  it("fails as conflict after a second mismatch", async () => {
    const config = rig().config({ secrets: [external("raced-twice")] });
    await rig().vault.allow(config);
    await rig().source.setSecrets({ "raced-twice": "value-1" });
    await rig().runHere(config);
    await rig().source.setSecrets({ "raced-twice": "value-2" });
    let cas = 1;
    const address = await rig().proxy(async (call, forward) => {
      const body = { options: { cas }, data: { value: "another" } };
      if (isWriteOf("raced-twice")(call)) {
        await rig().vault.call("POST", "secret/data/raced-twice", body);
        cas++;
      }
      return await forward();
    });

    const { code, summary } = await behind(config, address);

    assert.equal(code, 30);
    assert.match(String(summary["problem"]), /raced-twice \(conflict: another writer/);
    assert.equal(await rig().vault.value("raced-twice"), "another");
  });

  it("recognises its own write if the answer was lost", async () => {
    const secrets = [
      external("unanswered"),
      { name: "unanswered-made", authority: "generated" as const, path: "unanswered-made", required: false },
    ];
    const config = rig().config({ secrets });
    await rig().vault.allow(config);
    await rig().source.setSecrets({ unanswered: "value-1" });
    const lost = new Set<string>();
    const address = await rig().proxy(async (call, forward) => {
      const answer = await forward();
      if (!call.path.startsWith("/v1/secret/data/") || call.method !== "POST" || lost.has(call.path)) return answer;
      lost.add(call.path);
      return "drop";
    });

    const result = await behind(config, address);

    assert.equal(result.code, 0, result.text);
    assert.equal(lost.size, 2);
    for (const path of ["unanswered", "unanswered-made"]) {
      const { current_version, custom_metadata } = await rig().vault.metadata(path);
      assert.equal(current_version, 1);
      assert.equal(custom_metadata["vault-version"], "1");
    }
  });

  it("retries after 429 with Retry-After, 503 and an interrupted connection", async () => {
    const config = rig().config({ secrets: [external("patient")] });
    await rig().vault.allow(config);
    await rig().source.setSecrets({ patient: "value-1" });
    const faults = [
      { status: 429, headers: { "retry-after": "0" }, body: "{}" },
      { status: 503, body: '{"errors":["no active node"]}' },
      "drop" as const,
    ];
    const address = await rig().proxy(
      async (call, forward) => (isWriteOf("patient")(call) && faults.shift()) || (await forward()),
    );

    const result = await behind(config, address);

    assert.equal(result.code, 0, result.text);
    assert.equal(result.lines.filter(({ event }) => event === "retry").length, 3);
    assert.equal(await rig().vault.value("patient"), "value-1");
  });

  it("fails as vault-sealed, without retries, if Vault is sealed during the run", async () => {
    const config = rig().config({ secrets: [external("closing")] });
    await rig().vault.allow(config);
    await rig().source.setSecrets({ closing: "value-1" });
    const body = '{"errors":["Vault is sealed"]}';
    const address = await rig().proxy(async (call, forward) =>
      isWriteOf("closing")(call) ? { status: 503, body } : await forward(),
    );
    const result = await behind(config, address);
    assert.equal(result.code, 21, result.text);
    assert.equal(result.lines.filter(({ event }) => event === "retry").length, 0);
  });

  it("fails as vault-policy-refused before the first write if the policy lacks a path", async () => {
    const config = rig().config({ secrets: [external("allowed"), external("forgotten")] });
    await rig().vault.allow(rig().config({ secrets: [external("allowed")] }));
    await rig().source.setSecrets({ allowed: "value-1", forgotten: "value-1" });
    const { code, summary } = await rig().runHere(config);
    assert.equal(code, 26, JSON.stringify(summary));
    assert.match(String(summary["problem"]), /secret\/data\/forgotten/);
    assert.doesNotMatch(String(summary["problem"]), /secret\/data\/allowed/);
    assert.equal(await rig().vault.value("allowed"), undefined);
  });

  it("fails as vault-policy-refused for one secret if Vault does not report the rights for its path", async () => {
    const config = rig().config({ secrets: [external("allowed-2"), external("forgotten-2")] });
    await rig().vault.allow(rig().config({ secrets: [external("allowed-2")] }));
    await rig().source.setSecrets({ "allowed-2": "value-1", "forgotten-2": "value-1" });
    const address = await rig().proxy(async ({ path }, forward) =>
      path === "/v1/sys/capabilities-self" ? { status: 403, body: "{}" } : await forward(),
    );
    const { code, summary } = await behind(config, address);
    assert.equal(code, 26, JSON.stringify(summary));
    assert.equal(summary["written"], 1);
    assert.equal(await rig().vault.value("allowed-2"), "value-1");
  });

  /** The bootstrap's policy without the right to write metadata of these paths. */
  const takeMetadata = async (config: BootstrapConfig, ...paths: readonly string[]): Promise<void> => {
    for (const { role } of bootstrapWriters(config)) {
      const { body } = await rig().vault.call("GET", `sys/policies/acl/${role}`);
      const policy = paths.reduce(
        (text, path) =>
          text.replace(`"secret/metadata/${path}" {\n  capabilities = ["read","update"]`, (found) =>
            found.replace(',"update"', ""),
          ),
        String(body.data.policy),
      );
      assert.notEqual(policy, body.data.policy);
      await rig().vault.call("POST", `sys/policies/acl/${role}`, { policy });
    }
  };

  it("fails as vault-policy-refused before the first write if the policy does not allow it to write metadata", async () => {
    const config = rig().config({ secrets: [external("whole"), external("half")] });
    await rig().vault.allow(config);
    await takeMetadata(config, "half");
    await rig().source.setSecrets({ whole: "value-1", half: "value-1" });
    const { code, summary } = await rig().runHere(config);
    assert.equal(code, 26, JSON.stringify(summary));
    assert.match(String(summary["problem"]), /is not allowed to update secret\/metadata\/half$/);
    assert.match(String(summary["fix"]), /^ameide-secrets local up writes its policy .*; nothing was written$/);
    assert.deepEqual([await rig().vault.value("whole"), await rig().vault.value("half")], [undefined, undefined]);
  });

  it("fails the same way if it would only write metadata of a value that Vault already has", async () => {
    const config = rig().config({ secrets: [external("held"), external("new-beside-held")] });
    await rig().vault.allow(config);
    await takeMetadata(config, "held");
    await rig().vault.writePlainly("held", "value-1");
    await rig().source.setSecrets({ held: "value-1", "new-beside-held": "value-1" });
    const { code, summary } = await rig().runHere(config);
    assert.equal(code, 26, JSON.stringify(summary));
    assert.match(String(summary["problem"]), /secret\/metadata\/held$/);
    assert.equal(await rig().vault.value("new-beside-held"), undefined);
  });

  it("counts a value as written that it could not record, and fails", async () => {
    const config = rig().config({ secrets: [external("unrecorded")] });
    await rig().vault.allow(config);
    await takeMetadata(config, "unrecorded");
    await rig().source.setSecrets({ unrecorded: "value-1" });
    const address = await rig().proxy(async ({ path }, forward) =>
      path === "/v1/sys/capabilities-self" ? { status: 403, body: "{}" } : await forward(),
    );
    const { code, summary } = await behind(config, address);
    assert.equal(code, 26, JSON.stringify(summary));
    assert.deepEqual([summary["written"], summary["failed"]], [1, 0]);
    assert.match(String(summary["problem"]), /unrecorded \(written, but not recorded: /);
    assert.equal(await rig().vault.value("unrecorded"), "value-1");
  });

  it("fails as internal-error for one secret that Vault refuses for an unknown reason, and copies the others", async () => {
    const config = rig().config({ secrets: [external("too-much"), external("enough")] });
    await rig().vault.allow(config);
    await rig().source.setSecrets({ "too-much": "value-1", enough: "value-1" });
    const address = await rig().proxy(async (call, forward) =>
      isWriteOf("too-much")(call) ? { status: 413, body: '{"errors":["request body too large"]}' } : await forward(),
    );
    const { code, summary } = await behind(config, address);
    assert.equal(code, 1, JSON.stringify(summary));
    assert.match(String(summary["problem"]), /1 of 2 secrets failed: too-much \(.*request body too large/);
    assert.equal(await rig().vault.value("enough"), "value-1");
  });

  it("fails as internal-error, naming the place and no value, if an answer differs from Vault's documentation", async () => {
    const config = rig().config({ secrets: [external("strange")] });
    await rig().vault.allow(config);
    await rig().source.setSecrets({ strange: "very-secret-strange" });
    const address = await rig().proxy(async (call, forward) =>
      isWriteOf("strange")(call) ? { status: 200, body: '{"unknown":"very-secret-strange"}' } : await forward(),
    );
    const { code, summary, text } = await behind(config, address);
    assert.equal(code, 1, text);
    assert.match(String(summary["fix"]), /a bug in vault-bootstrap/);
    assert.doesNotMatch(text, /very-secret/);
  });

  it("logs in again, once for all calls in progress, if its token expires during the run, and revokes the last one", async () => {
    const names = Array.from({ length: 20 }, (_none, index) => `renewed-${index}`);
    const config = rig().config({ secrets: names.map((name) => external(name)) });
    await rig().vault.allow(config);
    await rig().source.setSecrets(Object.fromEntries(names.map((name) => [name, "value-1"])));
    let logins = 0;
    let revoked = 0;
    const address = await rig().proxy(async ({ path }, forward) => {
      const answer = await forward();
      if (path === "/v1/auth/token/revoke-self") revoked++;
      if (path !== "/v1/auth/kubernetes/login") return answer;
      logins++;
      const body = JSON.parse(answer.body) as { auth: { lease_duration: number } };
      // the first one is over in a moment
      if (logins === 1) body.auth.lease_duration = 0.001;
      return { ...answer, body: JSON.stringify(body) };
    });

    const result = await behind(config, address);

    assert.equal(result.code, 0, result.text);
    assert.equal(result.summary["written"], names.length);
    assert.equal(logins, 2);
    assert.equal(revoked, 1);
  });

  it("fails as vault-auth-refused if Vault does not know the role or the account", async () => {
    const { code, summary } = await rig().runHere(rig().config({ vault: rig().vaultConfig({ role: "nobody" }) }));
    assert.equal(code, 25, JSON.stringify(summary));
    assert.match(String(summary["problem"]), /as role nobody: .*invalid role name/);
    const unknownMount = await rig().runHere(rig().config({ vault: rig().vaultConfig({ authMount: "nowhere" }) }));
    assert.equal(unknownMount.code, 25, unknownMount.text);
  });

  it("fails as bad-configuration if the KV mount does not exist", async () => {
    const config = rig().config({ secrets: [external("anything")], vault: rig().vaultConfig({ mount: "nowhere" }) });
    await rig().vault.allow(config);
    const { code, summary } = await rig().runHere(config);
    assert.equal(code, 2, JSON.stringify(summary));
    assert.match(String(summary["problem"]), /no KV v2 mount nowhere\//);
  });
});
