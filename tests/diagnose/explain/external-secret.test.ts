import assert from "node:assert/strict";
import { explain } from "../../../diagnose/explain.ts";
import { externalSecretState } from "../../../diagnose/observe/deliveries.ts";
import {
  all,
  ghcrPull,
  isGhcrPull,
  notDelivered,
  storesFail,
  syncFails,
  vaultSecret,
  type Change,
} from "../changes.ts";
import { changed, healthy, minutesAgo, stack } from "../healthy.ts";

describe("explainExternalSecret", () => {
  it("names the secret in the fix if an ExternalSecret could not read it", () => {
    const before = healthy();
    const said = 'error processing spec.data[1] (key: ghcr-token), err: cannot find secret data for key: "value"';
    const [first] = explain({ ...before, ...syncFails(said)(before) }, stack).causes;
    assert.match(first?.fix ?? "", /ameide-secrets lineage ghcr-token --stack dev/);
  });
  it("reports a store that somebody set by hand, with a fix that restores its own", () => {
    const before = healthy();
    const failing = { ...before, ...syncFails('could not get SecretStore "nowhere"')(before) };
    const externalSecrets = changed(failing.externalSecrets, isGhcrPull, { storeName: "nowhere" });
    const [first] = explain({ ...failing, externalSecrets }, stack).causes;
    assert.match(first?.evidence[0]?.seen ?? "", /; its store is nowhere, expected ameide-vault$/);
    assert.equal(first?.fix, "ameide-secrets up --refresh --stack dev --yes");
  });
  const codeFor = (said: string): string | undefined => {
    const before = healthy();
    return explain({ ...before, ...syncFails(said)(before) }, stack).causes[0]?.code;
  };
  for (const said of [
    'could not get secret data: error processing spec.data[0] (key: email-template), err: code: 503, "is sealed"',
    'error processing spec.data[0] (key: ghcr-token), err: Get "https://template.example/v1/secret": connection refused',
    "could not update Secret: admission webhook template-guard denied the request",
    "secrets template-reader is forbidden: User cannot get resource",
    'could not get SecretStore "vault-template"',
  ]) {
    it(`does not report a template failure because a name contains the word: ${said}`, () =>
      assert.notEqual(codeFor(said), "external-secret-template"));
  }
  for (const said of [
    "could not apply template: could not execute template: unable to parse template at key url: unexpected EOF",
    "unable to execute template at key url: template: url:1:3: executing",
    "error fetching templateFrom data: configmaps not found",
  ]) {
    it(`recognises a template failure by External Secrets' own message: ${said.slice(0, 40)}...`, () =>
      assert.equal(codeFor(said), "external-secret-template"));
  }
  it("does not report the operator as stopped for an ExternalSecret that never refreshes on its own", () => {
    const old = minutesAgo(600);
    const object = (refreshPolicy: string) => ({
      metadata: { name: ghcrPull.name, creationTimestamp: old },
      spec: { refreshInterval: "5m", refreshPolicy },
      status: { refreshTime: old },
    });
    const codes = ["Periodic", "CreatedOnce", "OnChange"].map((refreshPolicy) => {
      const { refreshIntervalInSeconds } = externalSecretState(ghcrPull.namespace, object(refreshPolicy));
      const before = healthy();
      const change = { refreshedAt: old, refreshIntervalInSeconds };
      const externalSecrets = changed(before.externalSecrets, isGhcrPull, change);
      return explain({ ...before, externalSecrets }, stack).causes[0]?.code;
    });
    assert.deepEqual(codes, ["eso-not-running", undefined, undefined]);
  });
  it("recognises a failure by its own words, and not by names in it", () => {
    for (const name of ["session-timeout", "file-ownership-403", "a/b/ownership"]) {
      const said = `error processing spec.data[0] (key: ${name}), err: unexpected answer for ${name}`;
      assert.equal(codeFor(said), "external-secret-failed");
    }
  });
});

describe("explainLeftBehind", () => {
  const place = `${ghcrPull.namespace}/${ghcrPull.name}`;
  const causesOf = (...changes: readonly Change[]) => {
    const before = healthy();
    return explain({ ...before, ...all(...changes)(before) }, stack).causes;
  };
  const written = vaultSecret("ghcr-token", { writtenAt: minutesAgo(1) });
  const left = (why: string) => causesOf(written, notDelivered("ghcr-token", `${place}: ${why}`))[0];

  it("names secret, ExternalSecret and reason, with the fix for the reason", () => {
    const created = left("its refreshPolicy is CreatedOnce");
    assert.deepEqual(created?.evidence, [
      { where: `ExternalSecret ${place}`, seen: "ghcr-token is newer in Vault: its refreshPolicy is CreatedOnce" },
    ]);
    assert.match(created.fix, /-n ameide-dev patch externalsecret ghcr-pull-sync .*"refreshPolicy":"Periodic"/);
    const refused = left('PATCH /apis/x: 403 externalsecrets "ghcr-pull-sync" is forbidden: cannot patch');
    assert.equal(
      refused?.fix,
      "ameide-secrets up --refresh --stack dev --yes && ameide-secrets resync --stack dev --yes",
    );
    assert.equal(left("not synced after 10 s")?.fix, "ameide-secrets resync --stack dev --yes");
  });
  it("reports nothing if the ExternalSecret has synced since, or if the time of the value is unknown", () => {
    const text = notDelivered("ghcr-token", `${place}: not synced after 10 s`);
    assert.deepEqual(causesOf(vaultSecret("ghcr-token", { writtenAt: minutesAgo(4) }), text), []);
    assert.deepEqual(causesOf(vaultSecret("ghcr-token", { writtenAt: undefined }), text), []);
  });
  it("reports nothing if another cause explains why the ExternalSecret or its store does not work", () => {
    const text = notDelivered("ghcr-token", `${place}: could not get SecretStore`);
    for (const [why, code] of [
      [syncFails("something new"), "external-secret-failed"],
      [storesFail("something new"), "store-not-ready"],
    ] as const)
      assert.deepEqual(
        causesOf(written, text, why).map((one) => one.code),
        [code],
      );
  });
});
