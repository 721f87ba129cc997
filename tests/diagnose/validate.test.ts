import assert from "node:assert/strict";
import type { Snapshot } from "../../diagnose/snapshot.ts";
import { validate, type CheckedItem } from "../../diagnose/validate.ts";
import { changed, healthy, print, seen, stack, unseen, valuesOf, without } from "./healthy.ts";

const isGhcr = ({ name }: { name: string }) => name === "ghcr-token";

function failedIn(number: number, change: Partial<Snapshot>, options: { prove?: boolean } = {}): readonly string[] {
  const { checks, ok } = validate({ ...healthy(), ...change }, stack, options);
  assert.equal(ok, false);
  assert.deepEqual(
    checks.filter(({ items }) => items.some(isBad)).map((check) => check.number),
    [number],
  );
  return checks.flatMap(({ items }) => items.filter(isBad)).map(({ subject, note }) => `${subject}: ${note}`);
}

function isBad({ state }: CheckedItem): boolean {
  return state === "failed" || state === "unknown";
}

describe("validate", () => {
  const before = healthy();

  it("passes the five checks of document 451 in a healthy environment, in its order", () => {
    const { checks, ok } = validate(before, stack);
    assert.equal(ok, true);
    assert.deepEqual(
      checks.map(({ number }) => number),
      [1, 2, 3, 4, 5],
    );
  });
  it("fails check 1 when a required name is not in Key Vault", () =>
    assert.deepEqual(failedIn(1, { keyVault: without(before.keyVault, isGhcr) }), [
      "ghcr-token: missing, but required",
    ]));
  it("allows an optional name to be absent", () => {
    const keyVault = without(before.keyVault, ({ name }) => name === "openai-api-key");
    const { checks, ok } = validate({ ...before, keyVault }, stack);
    assert.equal(ok, true);
    assert.equal(checks[0]?.items.find(({ subject }) => subject === "openai-api-key")?.state, "absent");
  });
  it("fails check 2 when the subject differs by one letter", () => {
    const federatedCredentials = changed(before.identity.federatedCredentials, () => true, {
      subject: "system:serviceaccount:ameide-dev:other",
    });
    const [line = ""] = failedIn(2, { identity: { ...before.identity, federatedCredentials } });
    assert.match(line, /none with exactly this subject/);
  });
  it("fails check 2 when the setting is not the cluster's own issuer, naming both", () => {
    const clusterIssuer = seen("https://issuer.example/new");
    const [line = ""] = failedIn(2, { identity: { ...before.identity, clusterIssuer } });
    assert.match(line, /issuer\.example\/dev.*issuer\.example\/new/);
  });
  it("fails check 3 for a placeholder, and for a value that may not be read", () => {
    const state = (fingerprint: ReturnType<typeof print>) =>
      changed(before.vault.secrets, ({ path }) => path === "ghcr-token", { fingerprint });
    assert.deepEqual(failedIn(3, { vault: { ...before.vault, secrets: state(print("x", "placeholder")) } }), [
      "secret/ghcr-token: version 1 is a placeholder",
    ]);
    failedIn(3, { vault: { ...before.vault, secrets: unseen("forbidden") } });
  });
  it("accepts vault-bootstrap's own metadata as proof if the value may not be read, and no other", () => {
    const mark = {
      "managed-by": "ameide-secrets/vault-bootstrap",
      authority: "external",
      "source-version": "a1",
      "vault-version": "1",
    };
    const marked = (customMetadata: Readonly<Record<string, string>>) => {
      const states = valuesOf(before.vault.secrets).map(({ path, state, version }) => ({
        path,
        state,
        version,
        customMetadata,
      }));
      return { ...before, vault: { ...before.vault, secrets: seen(states) } };
    };
    assert.equal(validate(marked(mark), stack).ok, true);
    for (const other of [{}, { ...mark, "managed-by": "someone" }, { ...mark, "vault-version": "2" }]) {
      assert.equal(validate(marked(other), stack).ok, false);
    }
    const { checks, ok } = validate(marked(mark), stack, { prove: true });
    assert.equal(ok, false, "a mark is no comparison with the source");
    assert.match(checks[2]?.items[0]?.note ?? "", /`read` on its data path is missing/);
  });
  it("fails check 3 with --prove if Vault and Key Vault have different values", () => {
    const keyVault = changed(before.keyVault, () => true, {});
    const proven = seen(
      (keyVault.ok ? keyVault.value : []).map((one) => ({
        ...one,
        fingerprint: print(isGhcr(one) ? "another" : one.name),
      })),
    );
    assert.deepEqual(failedIn(3, { keyVault: proven }, { prove: true }), [
      "secret/ghcr-token: version 1 differs from ghcr-token in Key Vault",
    ]);
  });
  it("fails check 4 with ESO's own message from the Event", () => {
    const externalSecrets = changed(before.externalSecrets, ({ name }) => name === "langfuse-secrets-sync", {
      ready: { status: "False", reason: "SecretSyncedError", message: "could not get secret data from provider" },
      warning: { reason: "UpdateFailed", message: "Secret does not exist", at: before.takenAt },
    });
    assert.deepEqual(failedIn(4, { externalSecrets }), ["ameide-dev/langfuse-secrets-sync: Secret does not exist"]);
  });
  it("fails check 5 for a Secret without the label of document 451, and for an account that does not list the pull secret", () => {
    const secrets = changed(before.secrets, ({ name }) => name === "langfuse-secrets", { labels: {} });
    assert.deepEqual(failedIn(5, { secrets }), [
      "ameide-dev/langfuse-secrets: lacks the label app.kubernetes.io/managed-by",
    ]);
    const serviceAccounts = changed(
      before.serviceAccounts,
      ({ namespace, name }) => namespace === "argocd" && name === "default",
      {
        imagePullSecrets: [],
      },
    );
    assert.deepEqual(failedIn(5, { serviceAccounts }), [
      "argocd/default (ServiceAccount): imagePullSecrets does not list ghcr-pull",
    ]);
  });

  it("shows ExternalSecrets of other teams in check 4, in every namespace, and never fails for them", () => {
    const [one] = valuesOf(before.externalSecrets);
    assert.ok(one !== undefined);
    const failing = { ready: { status: "False", reason: "SecretSyncedError", message: "" } };
    const externalSecrets = seen([...valuesOf(before.externalSecrets), { ...one, ...failing, name: "theirs" }]);
    const externalSecretsElsewhere = seen([
      { ...one, namespace: "team-a", name: "fine" },
      { ...one, ...failing, namespace: "team-a", name: "broken" },
    ]);
    const items = (change: Partial<Snapshot>) => {
      const { checks, ok } = validate({ ...before, ...change }, stack);
      assert.equal(ok, true);
      return checks[3]?.items.filter(({ state }) => state === "info").map(({ subject, note }) => `${subject}: ${note}`);
    };
    assert.deepEqual(items({ externalSecrets, externalSecretsElsewhere }), [
      `${one.namespace}/theirs: created by something else, and not synced: SecretSyncedError`,
      "team-a/broken: created by something else, and not synced: SecretSyncedError",
      "1 created by other owners: synced",
    ]);
    assert.deepEqual(items({ externalSecretsElsewhere: unseen("forbidden", "may not list") }), [
      "other namespaces: could not be checked: read it: may not list",
    ]);
  });
});
