import assert from "node:assert/strict";
import { customMetadataKeys, managedByBootstrap } from "../../domain/bootstrap-config.ts";
import { namespace } from "./azure-setup.ts";
import type { RunResult } from "./runs.ts";
import { external } from "./external.ts";
import { useRig } from "./use-rig.ts";

/** Name to outcome and reason, as the log reports them; unchanged ones without a reason are not reported. */
function reported({ lines }: RunResult): Record<string, string> {
  const secrets = lines.filter(({ event }) => event === "secret" || event === "would-write") as Record<
    string,
    string
  >[];
  return Object.fromEntries(
    secrets.map(({ name, outcome = "", reason }) => [name, reason === undefined ? outcome : `${outcome}: ${reason}`]),
  );
}

describe("runBootstrap", function () {
  this.timeout(30_000);
  const rig = useRig();

  it("writes an external value, records its origin, and then requires CAS from every writer of that name", async () => {
    const config = rig().config({ secrets: [external("new-token", { source: "env-new-token", required: true })] });
    await rig().vault.allow(config);
    await rig().source.setSecrets({ "env-new-token": "value-1" });

    const result = await rig().run(config);

    assert.equal(result.code, 0, result.text);
    assert.equal(await rig().vault.value("new-token"), "value-1");
    const { custom_metadata: record, cas_required } = await rig().vault.metadata("new-token");
    assert.equal(cas_required, true);
    assert.equal(record[customMetadataKeys.managedBy], managedByBootstrap);
    assert.equal(record[customMetadataKeys.authority], "external");
    assert.equal(record[customMetadataKeys.vaultVersion], "1");
    assert.match(record[customMetadataKeys.sourceVersion], /^[0-9a-f]{32}$/);
    assert.equal(await rig().vault.writePlainly("new-token", "by-hand"), 400);
  });

  it("reads no value when nothing changed, and exactly one more when one did", async () => {
    const names = ["steady-1", "steady-2", "steady-3"];
    const config = rig().config({ secrets: names.map((name) => external(name)) });
    await rig().vault.allow(config);
    await rig().source.setSecrets(Object.fromEntries(names.map((name) => [name, `of-${name}`])));
    await rig().runHere(config);

    const { control } = rig().azure;
    control.resetCounters();
    const same = await rig().runHere(config);
    assert.equal(same.summary["unchanged"], 3, same.text);
    assert.equal(control.counters().requests["secret-get"], undefined);

    await rig().source.setSecrets({ "steady-2": "rotated" });
    control.resetCounters();
    const one = await rig().runHere(config);
    assert.deepEqual(reported(one), { "steady-2": "written" });
    assert.equal(control.counters().requests["secret-get"], 1);
    assert.equal(await rig().vault.value("steady-2"), "rotated");
  });

  it("reads a value again that was set within two seconds of the list, because a later one could have the same time", async () => {
    const config = rig().config({ secrets: [external("fresh")] });
    await rig().vault.allow(config);
    await rig().source.setSecrets({ fresh: "value-1" }, { settled: false });
    await rig().runHere(config);
    await rig().source.setSecrets({ fresh: "value-2" }, { settled: false });

    const result = await rig().runHere(config);

    assert.deepEqual(reported(result), { fresh: "written" });
    assert.equal(await rig().vault.value("fresh"), "value-2");
  });

  it("fails when required values are missing, names all of them, and writes none of the others", async () => {
    const config = rig().config({
      secrets: [
        external("there"),
        external("gone-1", { required: true, fixture: "minioadmin" }),
        external("gone-2", { required: true }),
        external("marker", { required: true }),
      ],
    });
    await rig().vault.allow(config);
    await rig().source.setSecrets({ there: "value-1", marker: "CHANGEME" });

    const { code, summary } = await rig().runHere(config);

    assert.equal(code, 10);
    assert.equal(summary["cause"], "required-missing");
    assert.match(
      String(summary["problem"]),
      /3 of 4 secrets are required .*gone-1 .*gone-2 .*marker \(marker is a placeholder/,
    );
    assert.equal(await rig().vault.value("there"), undefined);
    assert.equal(await rig().vault.value("gone-1"), undefined);
    const status = await rig().cluster.status();
    assert.equal(status?.cause, "required-missing");
    assert.equal(status?.phase, "check");
  });

  it("keeps a value that another writer marked, and names the writer", async () => {
    const config = rig().config({ secrets: [external("pushed")], claimUnmarked: true });
    await rig().vault.allow(config);
    await rig().vault.writePlainly("pushed", "theirs");
    await rig().vault.call("POST", "secret/metadata/pushed", { custom_metadata: { "managed-by": "external-secrets" } });
    await rig().source.setSecrets({ pushed: "ours" });

    const result = await rig().runHere(config);

    assert.equal(result.code, 0);
    assert.deepEqual(reported(result), { pushed: "kept: managed by external-secrets" });
    assert.equal(await rig().vault.value("pushed"), "theirs");
    assert.equal(await rig().vault.writePlainly("pushed", "theirs again"), 200);
  });

  it("fails on a live value without a mark, and overwrites it only if the stack allows it", async () => {
    const secrets = [external("live")];
    const config = rig().config({ secrets });
    await rig().vault.allow(config);
    await rig().vault.writePlainly("live", "theirs");
    await rig().source.setSecrets({ live: "ours" });

    const refused = await rig().runHere(config);
    assert.equal(refused.code, 30);
    assert.match(
      String(refused.summary["problem"]),
      /live \(has a value that neither vault-bootstrap nor the source wrote/,
    );
    assert.equal(await rig().vault.value("live"), "theirs");

    const claimed = await rig().runHere(rig().config({ secrets, claimUnmarked: true }));
    assert.equal(claimed.code, 0);
    assert.equal(await rig().vault.value("live"), "ours");
  });

  it("takes over an unmarked placeholder, fixture, equal value and earlier value of the source", async () => {
    const names = ["was-placeholder", "was-fixture", "was-own-fixture", "was-equal", "was-earlier"];
    const own = { fixture: "seeded-by-us" };
    const config = rig().config({
      secrets: names.map((name) => external(name, name === "was-own-fixture" ? own : {})),
    });
    await rig().vault.allow(config);
    await rig().source.setSecrets({ "was-earlier": "yesterday" });
    await rig().source.setSecrets(Object.fromEntries(names.map((name) => [name, `real-${name}`])));
    await rig().vault.writePlainly("was-placeholder", "placeholder_anything");
    await rig().vault.writePlainly("was-fixture", "minioadmin");
    await rig().vault.writePlainly("was-own-fixture", "seeded-by-us");
    await rig().vault.writePlainly("was-equal", "real-was-equal");
    await rig().vault.writePlainly("was-earlier", "yesterday");

    const result = await rig().runHere(config);

    assert.equal(result.code, 0, result.text);
    for (const name of names) assert.equal(await rig().vault.value(name), `real-${name}`);
    assert.equal((await rig().vault.metadata("was-equal")).current_version, 1);
    assert.equal((await rig().vault.metadata("was-equal")).custom_metadata["managed-by"], managedByBootstrap);
  });

  it("generates a value once and never changes it, in every environment", async () => {
    const secrets = [
      { name: "made", authority: "generated" as const, path: "made", required: false, lengthInCharacters: 40 },
    ];
    const config = rig().config({ secrets });
    await rig().vault.allow(config);
    await rig().runHere(config);
    const first = await rig().vault.value("made");
    assert.match(first ?? "", /^[A-Za-z0-9]{40}$/);

    const result = await rig().runHere(rig().config({ secrets, environment: "prod", fixturesAllowed: false }));
    assert.equal(result.summary["unchanged"], 1);
    assert.equal(await rig().vault.value("made"), first);

    await rig().vault.call("DELETE", "secret/data/made");
    const deleted = await rig().runHere(config);
    assert.deepEqual(reported(deleted), {
      made: "kept: its latest version is deleted, which does not count as absent; restore it with vault kv undelete",
    });
    assert.equal(await rig().vault.value("made"), undefined);
  });

  it("writes a fixture only if there is no value and fixtures are allowed, and later a real value over it", async () => {
    const secrets = [external("seeded", { fixture: "lf_api_key" })];
    const config = rig().config({ secrets });
    await rig().vault.allow(config);
    await rig().runHere(rig().config({ secrets, environment: "staging", fixturesAllowed: false }));
    assert.equal(await rig().vault.value("seeded"), undefined);
    assert.deepEqual(reported(await rig().runHere(config)), { seeded: "written: fixture" });
    await rig().source.setSecrets({ seeded: "real" });
    assert.deepEqual(reported(await rig().runHere(config)), { seeded: "written" });
    assert.equal(await rig().vault.value("seeded"), "real");
  });

  it("fails on a placeholder or an empty value in the source, and on a fixture or sample outside local, and copies the rest", async () => {
    const config = rig().config({
      environment: "prod",
      fixturesAllowed: false,
      secrets: ["bad-marker", "bad-empty", "bad-fixture", "bad-sample", "good"].map((name) => external(name)),
    });
    await rig().vault.allow(config);
    await rig().source.setSecrets({
      "bad-marker": "changeme",
      "bad-empty": "  ",
      "bad-fixture": "minioadmin",
      "bad-sample": "sample-token",
      good: "real",
    });

    const { code, summary } = await rig().runHere(config);

    assert.equal(code, 15);
    assert.equal(summary["failed"], 4);
    assert.equal(await rig().vault.value("good"), "real");
    for (const name of ["bad-marker", "bad-empty", "bad-fixture", "bad-sample"]) {
      assert.equal(await rig().vault.value(name), undefined);
    }
  });

  it("reports a value that the source no longer has or has disabled, and deletes nothing", async () => {
    const config = rig().config({ secrets: [external("removed"), external("disabled")] });
    await rig().vault.allow(config);
    await rig().source.setSecrets({ removed: "value-1", disabled: "value-1" });
    await rig().runHere(config);
    await rig().source.call("DELETE", "removed");
    await rig().source.call("PATCH", "disabled", { attributes: { enabled: false } });

    const result = await rig().runHere(config);

    assert.equal(result.code, 0, result.text);
    assert.deepEqual(reported(result), {
      removed: "unchanged: the source has no removed; the value in Vault stays",
      disabled: "unchanged: disabled is disabled in the source; the value in Vault stays",
    });
    assert.equal(await rig().vault.value("removed"), "value-1");
    assert.equal(await rig().vault.value("disabled"), "value-1");
  });

  it("restores an external value whose version in Vault was deleted or overwritten", async () => {
    const config = rig().config({ secrets: [external("deleted"), external("edited")] });
    await rig().vault.allow(config);
    await rig().source.setSecrets({ deleted: "value-1", edited: "value-1" });
    await rig().runHere(config);
    await rig().vault.call("DELETE", "secret/data/deleted");
    await rig().vault.call("POST", "secret/data/edited", { options: { cas: 1 }, data: { value: "by hand" } });

    const result = await rig().runHere(config);

    assert.deepEqual(reported(result), { deleted: "written", edited: "written" });
    assert.equal(await rig().vault.value("deleted"), "value-1");
    assert.equal(await rig().vault.value("edited"), "value-1");
  });

  it("writes the extra copies of mappedSecrets, under names with and without prefix", async () => {
    const config = rig().config({
      secrets: [external("bare"), external("prefixed", { source: "env-prefixed" })],
      mappedSecrets: [{ from: "env-prefixed", to: "packages/go/token" }],
    });
    await rig().vault.allow(config);
    await rig().source.setSecrets({ bare: "value-1", "env-prefixed": "value-2" });

    assert.equal((await rig().runHere(config)).code, 0);

    assert.equal(await rig().vault.value("bare"), "value-1");
    assert.equal(await rig().vault.value("prefixed"), "value-2");
    assert.equal(await rig().vault.value("packages/go/token"), "value-2");
  });

  it("prints the plan and changes nothing with --dry-run", async () => {
    const config = rig().config({ secrets: [external("planned")], lease: "never-made", statusConfigMap: "never-made" });
    await rig().vault.allow(config);
    await rig().source.setSecrets({ planned: "value-1" });

    const result = await rig().run(config, { args: ["--dry-run"] });

    assert.equal(result.code, 0);
    assert.equal(result.summary["dryRun"], true);
    assert.ok(result.lines.some(({ event, name }) => event === "would-write" && name === "planned"));
    assert.equal(await rig().vault.value("planned"), undefined);
    const lease = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/never-made`;
    assert.equal((await rig().cluster.call("GET", lease)).status, 404);
    assert.equal(
      (await rig().cluster.call("GET", `/api/v1/namespaces/${namespace}/configmaps/never-made`)).status,
      404,
    );
  });

  it("copies values from a Kubernetes Secret on a cluster without Azure", async () => {
    const source = {
      type: "kubernetes-secret" as const,
      name: "vault-bootstrap-local-secrets",
      key: "env-secrets.json",
    };
    const config = rig().config({ source, secrets: [external("seed-token", { required: true })] });
    await rig().vault.allow(config);
    await rig().cluster.allowSecret(source.name);
    const missing = await rig().runHere(config);
    assert.equal(missing.code, 11);
    assert.match(
      String(missing.summary["problem"]),
      /Secret ameide-local\/vault-bootstrap-local-secrets.* does not exist/,
    );

    const data = (value: string) => ({ [source.key]: Buffer.from(value).toString("base64") });
    const path = `/api/v1/namespaces/${namespace}/secrets`;
    await rig().cluster.call("POST", path, {
      metadata: { name: source.name },
      data: data('{"seed-token":"not-closed'),
    });
    const broken = await rig().runHere(config);
    assert.equal(broken.code, 2);
    assert.doesNotMatch(broken.text, /not-closed/);

    await rig().cluster.call("PUT", `${path}/${source.name}`, {
      metadata: { name: source.name },
      data: data('{"seed-token":"s1"}'),
    });
    assert.equal((await rig().runHere(config)).code, 0);
    assert.equal(await rig().vault.value("seed-token"), "s1");
    assert.equal((await rig().runHere(config)).summary["unchanged"], 1);
  });

  it("prints no value and writes none into its status, whatever the outcome", async () => {
    const values = { "quiet-1": "very-secret-one", "quiet-2": "CHANGEME", "quiet-3": "very-secret-three" };
    const config = rig().config({ secrets: Object.keys(values).map((name) => external(name)) });
    await rig().vault.allow(config);
    await rig().source.setSecrets(values);
    await rig().vault.writePlainly("quiet-3", "very-secret-live");

    const result = await rig().runHere(config);

    const everything =
      result.text +
      JSON.stringify(await rig().cluster.status()) +
      JSON.stringify(await rig().vault.metadata("quiet-1"));
    assert.equal(result.summary["failed"], 2);
    for (const value of [...Object.values(values), "very-secret-live"]) assert.ok(!everything.includes(value), value);
  });

  it("keeps the last success and the state of each secret in its status when a run fails", async () => {
    const secrets = [external("lasting")];
    const config = rig().config({ secrets });
    await rig().vault.allow(config);
    await rig().source.setSecrets({ lasting: "value-1" });
    await rig().run(config, { env: { VAULT_BOOTSTRAP_RUN_ID: "good-run" } });
    const before = await rig().cluster.status();
    assert.equal(before?.runId, "good-run");

    await rig().runHere(rig().config({ secrets: [external("nowhere", { required: true })] }));

    const after = await rig().cluster.status();
    assert.equal(after?.cause, "required-missing");
    assert.equal(after?.lastSuccessAt, before?.finishedAt);
    assert.deepEqual(after?.secrets, before?.secrets);
  });
});
