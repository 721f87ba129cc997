import assert from "node:assert/strict";
import { formatValidation } from "../../../cli/commands/doctor.ts";
import { formatUses } from "../../../cli/commands/who-uses.ts";
import { formatDiagnosis } from "../../../cli/operate/format-diagnosis.ts";
import { fitted } from "../../../cli/table.ts";
import { explain } from "../../../diagnose/explain.ts";
import { validate } from "../../../diagnose/validate.ts";
import { whoUses } from "../../../diagnose/who-uses.ts";
import { changed, healthy, print, seen, stack, unseen, valuesOf, without } from "../../diagnose/healthy.ts";

describe("formatDiagnosis", () => {
  it("counts no secret as passing that could not be read at every stage", () => {
    const snapshot = { ...healthy(), externalSecrets: unseen("unreachable", "timed out") };
    const count = stack.plan.secrets.length;
    const whole = formatDiagnosis(explain(healthy(), stack), healthy());
    assert.match(whole, new RegExp(`^dev: ${count} of ${count} secrets pass every stage \\(`));
    const delivered = new Set(stack.plan.deliveries.flatMap(({ keys }) => keys.map(({ secret }) => secret))).size;
    const said = formatDiagnosis(explain(snapshot, stack), snapshot);
    const counts = `dev: ${count - delivered} of ${count} secrets pass every stage, ${delivered} could not be checked at every stage`;
    assert.equal(said.includes(counts), true, said);
  });
});

describe("formatDiagnosis of secrets without a value", () => {
  it("counts none of them as passing, and says that they need no value", () => {
    const before = healthy();
    const isOpenAi = ({ name = "", path = "" }) => name === "openai-api-key" || path === "openai-api-key";
    const delivers = ({ keys }: { keys: readonly { secret: string }[] }) => keys.some(({ secret }) => secret === "openai-api-key"); // prettier-ignore
    const expected = { ...stack, plan: { ...stack.plan, deliveries: stack.plan.deliveries.filter((one) => !delivers(one)) } }; // prettier-ignore
    const snapshot = {
      ...before,
      keyVault: without(before.keyVault, isOpenAi),
      vault: { ...before.vault, secrets: changed(before.vault.secrets, isOpenAi, { state: "absent", version: 0 }) },
    };
    assert.match(
      formatDiagnosis(explain(snapshot, expected), snapshot),
      /^dev: 4 of 5 secrets pass every stage, 1 have no value and do not need one \(/,
    );
  });
});

describe("formatDiagnosis of broken secrets", () => {
  it("prints the commands of document 451 for manual work, with this environment's names", () => {
    const before = healthy();
    const sealed = { ...before, vault: { ...before.vault, health: seen({ state: "sealed" as const, version: "2" }) } };
    const said = formatDiagnosis(explain(sealed, stack), sealed).split("\n");
    assert.deepEqual(
      said.filter((line) => /^ {2}(fix|by hand):/.test(line)),
      [
        "  fix:     ameide-secrets unseal --stack dev",
        "  by hand: UNSEAL_KEY=$(kubectl get secret -n ameide-dev vault-auto-credentials -o jsonpath='{.data.unseal-key}' | base64 -d)",
        '  by hand: kubectl exec -n ameide-dev vault-core-dev-0 -- vault operator unseal "$UNSEAL_KEY"',
        "  by hand: kubectl exec -n ameide-dev vault-core-dev-0 -- vault status",
      ],
    );
  });
  it("ends each cause with its heading in the runbook, and the platform's document or incident", () => {
    const before = healthy();
    const sealed = { ...before, vault: { ...before.vault, health: seen({ state: "sealed" as const, version: "2" }) } };
    assert.match(
      formatDiagnosis(explain(sealed, stack), sealed),
      /\n {2}more: {4}docs\/runbook\.md#vault-sealed\n {2}see: {5}docs\/incidents\.md#a-sealed-vault-and-one-on-a-new-volume\n\n/,
    );
  });
  it("wraps words on a terminal, and neither a command nor an address: those are copied", () => {
    const before = healthy();
    const sealed = { ...before, vault: { ...before.vault, health: seen({ state: "sealed" as const, version: "2" }) } };
    const lines = fitted(formatDiagnosis(explain(sealed, stack), sealed), 60).split("\n");
    const long = lines.filter((line) => line.length > 60);
    assert.ok(lines.length > 12 && long.length > 0);
    assert.ok(
      long.every((line) => /^ {2}(by hand|see): /.test(line)),
      long.join("\n"),
    );
  });
  it("prints the fix of every broken object, not only of the first, and shortens a long list", () => {
    const before = healthy();
    const disabled = (names: readonly string[]) => ({
      ...before,
      keyVault: changed(before.keyVault, ({ name }) => names.includes(name), { enabled: false }),
    });
    const fixes = (snapshot: typeof before) =>
      formatDiagnosis(explain(snapshot, stack), snapshot)
        .split("\n")
        .filter((line) => line.startsWith("  fix:"));
    const fix = (name: string) => `  fix:     az keyvault secret set-attributes --vault-name ameidekv --name ${name} --enabled true`; // prettier-ignore
    assert.deepEqual(fixes(disabled(["ghcr-token", "openai-api-key"])), [fix("ghcr-token"), fix("openai-api-key")]);
    const broken = explain(disabled(["ghcr-token"]), stack);
    const many = broken.causes.map((one) => ({ ...one, fixes: ["a", "b", "c", "d", "e", "f", "g"] }));
    assert.match(
      formatDiagnosis({ ...broken, causes: many }, before),
      /\n {2}fix: {5}e\n {2}fix: {5}and 2 more like it\n/,
    );
  });
  it("shows the state of each of Keycloak's names: placeholder, absent, unread or real", () => {
    const keycloakClients = ["a", "b", "c", "d"].map((clientId) => ({ clientId, vaultKey: `${clientId}-secret` }));
    const expected = { ...stack, catalogue: { ...stack.catalogue, keycloakClients } };
    const before = healthy();
    const live = { state: "live" as const, version: 1, customMetadata: {} };
    const secrets = seen([
      ...valuesOf(before.vault.secrets),
      { path: "a-secret", ...live, fingerprint: print("r") },
      { path: "b-secret", ...live, fingerprint: print("p", "placeholder") },
      { path: "c-secret", state: "absent" as const, version: 0, customMetadata: {} },
      { path: "d-secret", ...live },
    ]);
    const snapshot = { ...before, vault: { ...before.vault, secrets } };
    assert.ok(
      formatDiagnosis(explain(snapshot, expected), snapshot).includes(
        [
          "keycloak: client secrets in Vault",
          "  placeholder: b-secret",
          "  absent: c-secret",
          "  not read (--prove reads them): d-secret",
          "  real: a-secret\n",
        ].join("\n"),
      ),
    );
  });
});

describe("formatValidation", () => {
  it("ends with the first failing check and the command that prints its fix", () => {
    const before = healthy();
    assert.match(formatValidation(validate(before, stack)), /\n\ndev: all five checks pass$/);
    const keyVault = without(before.keyVault, ({ name }) => name === "ghcr-token");
    const externalSecrets = changed(before.externalSecrets, () => true, {
      ready: { status: "False", reason: "x", message: "x" },
    });
    assert.match(
      formatValidation(validate({ ...before, keyVault, externalSecrets }, stack)),
      /\n\ndev: not valid; begin with check 1, ghcr-token: missing, but required\n {2}fix: ameide-secrets doctor --stack dev$/,
    );
  });
});

describe("formatUses", () => {
  const name = "openai-api-key";

  it("says that no workload reads it only if all of them were read", () => {
    assert.match(formatUses(name, whoUses(healthy(), stack, name)), /no workload reads it$/);
    const blind = { ...healthy(), workloads: unseen("forbidden", "cannot list deployments") };
    const said = formatUses(name, whoUses(blind, stack, name));
    assert.doesNotMatch(said, /no workload reads it/);
    assert.match(said, /its readers are unknown\n\n.*could not be checked: read it: cannot list deployments$/);
  });
});
