import assert from "node:assert/strict";
import { BootstrapFailure } from "../../bootstrap/failure.ts";
import type { RunResult } from "./runs.ts";
import { external } from "./external.ts";
import { useRig } from "./use-rig.ts";

function retries({ lines }: RunResult): number {
  return lines.filter(({ event }) => event === "retry").length;
}

describe("AzureSource", function () {
  this.timeout(30_000);
  const rig = useRig();
  const config = () => rig().config({ secrets: [external("from-azure", { required: true })] });

  before(async () => {
    await rig().vault.allow(config());
    await rig().source.setSecrets({ "from-azure": "value-1" });
  });

  afterEach(async () => {
    const { control } = rig().azure;
    control.clearFaults();
    control.configure({ propagationInSeconds: 0 });
    await rig().source.federate();
    await rig().source.giveRole();
  });

  it("waits as long as a 429 requests, and continues", async () => {
    const { control } = rig().azure;
    control.inject({ kind: "secret-list", times: 1, status: 429, retryAfterInSeconds: 1 });
    const startedAt = performance.now();
    const result = await rig().runHere(config());
    assert.equal(result.code, 0, result.text);
    assert.ok(performance.now() - startedAt >= 1000);
    assert.equal(retries(result), 1);
  });

  it("retries after a 503, an interrupted connection and a failing token endpoint", async () => {
    const { control } = rig().azure;
    control.inject({ kind: "secret-list", times: 1, status: 503 });
    control.inject({ kind: "secret-list", times: 1, drop: true });
    control.inject({ kind: "token", times: 1, status: 503 });
    const result = await rig().runHere(config());
    assert.equal(result.code, 0, result.text);
    assert.equal(retries(result), 3);
  });

  it("does not restart the list for one bad page", async () => {
    const many = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`page-filler-${index}`, "value"]));
    await rig().source.setSecrets(many);
    const { control } = rig().azure;
    await rig().runHere(config());
    control.resetCounters();
    await rig().runHere(config());
    const pages = control.counters().requests["secret-list"] ?? 0;
    assert.ok(pages > 2, `${pages} pages`);

    control.resetCounters();
    control.inject({ kind: "secret-list", times: 1, status: 500 });
    assert.equal((await rig().runHere(config())).code, 0);
    assert.equal(control.counters().requests["secret-list"], pages + 1);
  });

  it("finds a secret that was created with capitals in its name, as Key Vault does", async () => {
    const capitals = rig().config({ secrets: [external("in-capitals", { required: true })] });
    await rig().vault.allow(rig().config({ secrets: [...capitals.secrets, ...config().secrets] }));
    await rig().source.setSecrets({ "IN-CAPITALS": "value-1" });
    const result = await rig().runHere(capitals);
    assert.equal(result.code, 0, result.text);
    assert.equal(await rig().vault.value("in-capitals"), "value-1");
  });

  it("fails as source-unreachable after a bounded number of attempts", async () => {
    const { control } = rig().azure;
    control.resetCounters();
    control.inject({ kind: "secret-list", times: 1000, status: 503 });
    const { code, summary } = await rig().runHere(config());
    assert.equal(code, 11);
    assert.match(String(summary["problem"]), /^cannot list the secrets of https:\/\/127\.0\.0\.1:\d+\//);
    assert.equal(control.counters().requests["secret-list"], 6);
  });

  it("fails as source-unreachable if nothing listens", async () => {
    const { source } = config();
    const uri = "https://127.0.0.1:1/";
    const { code, summary } = await rig().runHere({ ...config(), source: { ...source, uri } as typeof source });
    assert.equal(code, 11);
    assert.match(String(summary["problem"]), /ECONNREFUSED/);
  });

  it("fails as source-unreachable, naming the setting, if the certificate is not trusted", async () => {
    const { code, summary } = await rig().run(config(), { env: { NODE_EXTRA_CA_CERTS: "" } });
    assert.equal(code, 11, JSON.stringify(summary));
    assert.match(String(summary["problem"]), /certificate .* is not trusted/);
    assert.match(String(summary["fix"]), /extraCaPem/);
  });

  it("prints nothing of an answer that is truncated or not JSON, since it may contain a value", async () => {
    const { control } = rig().azure;
    await rig().source.setSecrets({ "from-azure": `changed-${Date.now()}` });
    for (const cut of [false, true]) {
      control.inject({ kind: "secret-get", times: 1000, text: '{"value": "canary-in-a-page', cut });
      const { code, text } = await rig().runHere(config());
      control.clearFaults();
      assert.doesNotMatch(text, /canary-in-a-page/);
      assert.equal(code, 11, text);
    }
    assert.equal((await rig().runHere(config())).code, 0);
  });

  it("fails as source-forbidden at once, naming identity and role, if the role assignment is missing", async () => {
    await rig().source.takeRole();
    const result = await rig().run(config());
    assert.equal(result.code, 12, result.text);
    assert.equal(retries(result), 0);
    assert.match(
      String(result.summary["problem"]),
      new RegExp(`identity ${rig().source.clientId} is not allowed to list the secrets`),
    );
    assert.match(String(result.summary["fix"]), /Key Vault Secrets User/);
  });

  it("fails as federation-mismatch at once, naming what does not match", async () => {
    const cases: readonly [object, string, RegExp][] = [
      [
        { subject: "system:serviceaccount:ameide-local:another" },
        "AADSTS700213",
        /subject system:serviceaccount:ameide-local:foundation-vault-bootstrap-vault-bootstrap/,
      ],
      [{ issuer: "https://another.example" }, "AADSTS700211", /issuer https:\/\/127\.0\.0\.1:\d+/],
      [
        { issuer: "https://another.example", subject: "system:serviceaccount:a:b" },
        "AADSTS70021",
        /audience api:\/\/AzureADTokenExchange/,
      ],
    ];
    for (const [changes, code, named] of cases) {
      await rig().source.federate(changes);
      const result = await rig().run(config());
      assert.equal(result.code, 13, result.text);
      assert.equal(retries(result), 0);
      assert.match(String(result.summary["problem"]), new RegExp(`^${code}:`));
      assert.match(String(result.summary["problem"]), named);
    }
  });

  it("fails as federation-mismatch if the client id belongs to a deleted identity", async () => {
    const clientId = "99999999-9999-4999-8999-999999999999";
    const { code, summary } = await rig().run(config(), { env: { AZURE_CLIENT_ID: clientId } });
    assert.equal(code, 13, JSON.stringify(summary));
    assert.match(String(summary["problem"]), new RegExp(`AADSTS700016: .* has no application ${clientId}`));
  });

  it("waits for the propagation of a new role and a new federated credential if the run may wait", async () => {
    const { control } = rig().azure;
    await rig().source.takeRole();
    await rig().source.federate({ subject: "system:serviceaccount:ameide-local:another" });
    control.configure({ propagationInSeconds: 3600 });
    await rig().source.giveRole();
    await rig().source.federate();

    let settled: Promise<void> | undefined;
    const settle = async (): Promise<void> => {
      control.configure({ propagationInSeconds: 0 });
      await rig().source.takeRole();
      await rig().source.giveRole();
      await rig().source.federate();
    };
    const timing = { propagationInMs: 20_000, propagationPollInMs: 100 };
    const onLine = (line: string): void => {
      if (line.includes('"event":"retry"')) settled ??= settle();
    };
    const result = await rig().runHere(config(), { timing, onLine });

    assert.ok(settled !== undefined, "it did not wait");
    await settled;
    assert.equal(result.code, 0, result.text);
  });

  it("fails in the end if the propagation never happens", async () => {
    await rig().source.takeRole();
    const result = await rig().runHere(config(), { timing: { propagationInMs: 3_000, propagationPollInMs: 100 } });
    assert.equal(result.code, 12);
    assert.ok(retries(result) >= 1, result.text);
  });

  it("fails as token-file-missing if the variable, the file or its content is missing", async () => {
    const empty = rig().file("empty-token", "\n");
    for (const AZURE_FEDERATED_TOKEN_FILE of ["", "/nowhere/azure-identity-token", empty]) {
      const { code, summary } = await rig().run(config(), { env: { AZURE_FEDERATED_TOKEN_FILE } });
      assert.equal(code, 14, JSON.stringify(summary));
    }
  });

  it("ends a wait as soon as the run is stopped", async () => {
    const { control } = rig().azure;
    control.inject({ kind: "secret-list", times: 1, status: 429, retryAfterInSeconds: 60 });
    const stop = new AbortController();
    const running = rig().runHere(config(), { signal: stop.signal });
    while ((control.counters().answers["429"] ?? 0) === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    stop.abort(new BootstrapFailure("terminated", "stopped", "nothing"));
    const result = await running;
    assert.equal(result.code, 32);
  });
});
