import assert from "node:assert/strict";
import { mergedStatus } from "../../bootstrap/status.ts";
import type { BootstrapSecretStatus, BootstrapStatus } from "../../domain/bootstrap-config.ts";
import { external } from "./external.ts";
import { useRig } from "./use-rig.ts";

function secret(name: string, outcome: BootstrapSecretStatus["outcome"]): BootstrapSecretStatus {
  return { name, path: name, outcome };
}

function status(changes: Partial<BootstrapStatus>): BootstrapStatus {
  return { runId: "r", startedAt: "s", finishedAt: "f", cause: "ok", secrets: [], ...changes };
}

function namesOf({ secrets }: BootstrapStatus): string[] {
  return secrets.map(({ name }) => name);
}

describe("mergedStatus", () => {
  it("lists secrets that need attention first, then by name", () => {
    const secrets = [secret("b", "unchanged"), secret("a", "unchanged"), secret("z", "failed"), secret("k", "kept")];
    assert.deepEqual(namesOf(mergedStatus(status({ secrets }), undefined)), ["z", "k", "a", "b"]);
  });

  it("leaves out and counts unchanged ones if a ConfigMap is too small for all", () => {
    const many = Array.from({ length: 20_000 }, (_none, index) => secret(`secret-number-${index}`, "unchanged"));
    const merged = mergedStatus(status({ secrets: [...many, secret("broken", "failed")] }), undefined);
    assert.equal(merged.secrets[0]?.name, "broken");
    assert.equal(merged.secrets.length + (merged.omitted ?? 0), 20_001);
    assert.ok(Buffer.byteLength(JSON.stringify(merged)) < 1_000_000);
  });

  it("keeps the last success, and the secrets that a failed run did not reach", () => {
    const before = status({ lastSuccessAt: "then", secrets: [secret("a", "unchanged"), secret("b", "unchanged")] });
    const stopped = mergedStatus(status({ cause: "terminated", secrets: [secret("b", "written")] }), before);
    assert.deepEqual(stopped.secrets, [secret("b", "written"), secret("a", "unchanged")]);
    assert.equal(stopped.lastSuccessAt, "then");
  });

  it("replaces the delivery of a version by that of a later run", () => {
    const version = { vaultVersion: 2 };
    const left = { ...secret("a", "written"), ...version, notDelivered: ["ns/sync: could not get secret data"] };
    const delivered = { ...secret("a", "unchanged"), ...version, deliveredAt: "now" };
    assert.deepEqual(mergedStatus(status({ secrets: [delivered] }), status({ secrets: [left] })).secrets, [delivered]);
  });

  it("keeps the delivery of a version until another one is written", () => {
    const left = { vaultVersion: 2, notDelivered: ["ns/sync: its refreshPolicy is CreatedOnce"] };
    const before = status({
      secrets: [
        { ...secret("a", "written"), ...left },
        { ...secret("b", "written"), ...left },
        { ...secret("c", "written"), vaultVersion: 2, deliveredAt: "then" },
      ],
    });
    const again = (name: string) => ({ ...secret(name, "unchanged"), vaultVersion: 2 });
    const merged = mergedStatus(
      status({ secrets: [again("a"), { ...again("b"), vaultVersion: 3 }, again("c")] }),
      before,
    );
    assert.deepEqual(merged.secrets, [
      { ...again("a"), ...left },
      { ...again("b"), vaultVersion: 3 },
      { ...again("c"), deliveredAt: "then" },
    ]);
  });

  it("forgets secrets that a completed run no longer knows", () => {
    const before = status({ lastSuccessAt: "then", secrets: [secret("a", "unchanged")] });
    const ended = mergedStatus(status({ lastSuccessAt: "now", secrets: [] }), before);
    assert.deepEqual(ended.secrets, []);
    assert.equal(ended.lastSuccessAt, "now");
  });
});

describe("StatusConfigMap", function () {
  this.timeout(30_000);
  const rig = useRig();

  it("is rewritten completely by a failing run, whatever somebody changed in it", async () => {
    const missing = rig().config({ secrets: [external("status-missing", { required: true })] });
    await rig().vault.allow(missing);
    for (const edited of ["{}", "null", "no JSON", '{"secrets":{}}']) {
      await rig().cluster.setStatus(edited);
      const { code, text } = await rig().runHere(missing);
      assert.equal(code, 10, text);
      assert.equal((await rig().cluster.status())?.cause, "required-missing", edited);
    }
  });

  it("shows when values expire, has annotations for those that expire within two weeks, and drops renewed ones", async () => {
    const names = ["status-expired", "status-soon", "status-later"];
    const config = rig().config({ secrets: names.map((name) => external(name)) });
    await rig().vault.allow(config);
    await rig().source.setSecrets(Object.fromEntries(names.map((name) => [name, `of ${name}`])));
    const days = (count: number) => Math.floor(Date.now() / 1000) + count * 86_400;
    for (const [name, exp] of [
      ["status-expired", days(-1)],
      ["status-soon", days(10)],
      ["status-later", days(30)],
    ] as const)
      await rig().source.call("PATCH", name, { attributes: { exp } });
    const path = "/api/v1/namespaces/ameide-local/configmaps/vault-bootstrap-status";
    const annotations = async () => (await rig().cluster.call("GET", path)).body.metadata.annotations;

    const { code, text, summary } = await rig().runHere(config);

    assert.equal(code, 0, text);
    assert.match(text, /"level":"warn".*"event":"expired","name":"status-expired"/);
    assert.equal(summary["expired"], 1);
    assert.deepEqual(await annotations(), {
      "ameide.io/secrets-expire-within-14-days": "status-expired, status-soon",
      "ameide.io/secrets-expire-within-3-days": "status-expired",
    });
    const reported = (await rig().cluster.status())?.secrets.map(({ name, expiresAt }) => [
      name,
      expiresAt?.slice(0, 10),
    ]);
    assert.deepEqual(
      reported,
      names.toSorted().map((name) => {
        const exp = name.endsWith("expired") ? days(-1) : name.endsWith("soon") ? days(10) : days(30);
        return [name, new Date(exp * 1000).toISOString().slice(0, 10)];
      }),
    );

    await rig().source.setSecrets({ "status-expired": "renewed", "status-soon": "renewed" });
    await rig().runHere(config);
    assert.equal(await annotations(), undefined);
  });

  it("refuses a new value that has expired if the environment does, and keeps the value in Vault", async () => {
    const config = rig().config({ secrets: [external("status-refused")], expiredRefused: true });
    await rig().vault.allow(config);
    await rig().source.setSecrets({ "status-refused": "value-1" });
    await rig().runHere(config);
    await rig().source.call("PATCH", "status-refused", { attributes: { exp: 1_700_000_000 } });
    assert.equal((await rig().runHere(config)).code, 0);
    await rig().source.setSecrets({ "status-refused": "value-2" });
    await rig().source.call("PATCH", "status-refused", { attributes: { exp: 1_700_000_000 } });
    const { code, summary } = await rig().runHere(config);
    assert.equal(code, 15);
    assert.match(String(summary["problem"]), /status-refused expired in the source at 2023-11-14/);
    assert.equal(await rig().vault.value("status-refused"), "value-1");
  });
});
