import assert from "node:assert/strict";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { readableReferences } from "../../../../domain/incidents.ts";
import { ruleOf } from "../../../support/policy.ts";
import { stageOf } from "../../../../cli/deploy/engine/change.ts";
import { RunLog } from "../../../../cli/deploy/engine/run-log.ts";

const project = "urn:pulumi:dev::ameide-secrets::";
const storeUrn = `${project}ameide-secrets:external-secret:SecretDelivery$kubernetes:external-secrets.io/v1:SecretStore::delivery-ameide-dev-store`;

function step(op: string, urn: string, detail: object = {}): EngineEvent {
  const type = urn.split("::")[2]?.split("$").at(-1) ?? "";
  return { resourcePreEvent: { metadata: { op, urn, type, ...detail } } } as unknown as EngineEvent;
}

function policy(message: string, enforcementLevel = "mandatory", resourceUrn = storeUrn): EngineEvent {
  return {
    policyEvent: { policyName: "store-same-environment", enforcementLevel, message, resourceUrn, color: "" },
  } as unknown as EngineEvent;
}

function diagnostic(message: string, severity = "error", ephemeral = false): EngineEvent {
  return { diagnosticEvent: { message, severity, ephemeral, color: "" } } as unknown as EngineEvent;
}

function heard(...events: readonly EngineEvent[]): RunLog {
  const log = new RunLog();
  for (const event of events) log.listen(event);
  return log;
}

describe("RunLog", () => {
  it("keeps each change with its stage, name and differences, in the engine's order", () => {
    const detail = { detailedDiff: { "spec.url": {}, "metadata.labels": {} }, diffs: ["spec"] };
    const mount = `${project}vault:index/mount:Mount::secret`;
    const log = heard(step("create", mount), step("update", storeUrn, detail));
    assert.deepEqual(log.changes, [
      { operation: "create", urn: mount, type: "vault:index/mount:Mount", name: "secret", stage: "vault", differs: [] },
      {
        operation: "update",
        urn: storeUrn,
        type: "kubernetes:external-secrets.io/v1:SecretStore",
        name: "delivery-ameide-dev-store",
        stage: "secret-store",
        differs: ["metadata.labels", "spec.url"],
      },
    ]);
  });

  it("gives the object's own name if the inputs have it, and none that is not known yet", () => {
    const objectOf = (inputs: object): string | undefined =>
      heard(step("create", storeUrn, { new: { inputs } })).changes[0]?.object;
    assert.equal(objectOf({ metadata: { namespace: "ameide-dev", name: "ameide-vault" } }), "ameide-dev/ameide-vault");
    assert.equal(objectOf({ metadata: { name: "ameide-dev" } }), "ameide-dev");
    assert.equal(objectOf({ secretName: "ghcr-token", vaultName: "ameidekv" }), "ghcr-token");
    assert.equal(objectOf({ metadata: { namespace: "a", name: "04da6b54-80e4-46f7-96ec-b56ff0331ba9" } }), undefined);
    assert.equal(objectOf({}), undefined);
  });

  it("keeps which Kubernetes objects failed, so that their cause can be read", () => {
    const failed = (urn: string, inputs: object): EngineEvent => {
      const { resourcePreEvent } = step("create", urn, { new: { inputs } });
      return {
        resOpFailedEvent: { metadata: resourcePreEvent?.metadata, status: 1, steps: 1 },
      } as unknown as EngineEvent;
    };
    const log = heard(
      failed(storeUrn, { metadata: { name: "ameide-vault", namespace: "ameide-dev" } }),
      failed(`${project}vault:index/policy:Policy::reader`, { name: "reader" }),
    );
    assert.deepEqual(log.failedObjects, [
      { type: "kubernetes:external-secrets.io/v1:SecretStore", object: "ameide-dev/ameide-vault" },
    ]);
  });

  it("distinguishes two plans by their inputs, in any order of keys, and ignores a provider's inputs", () => {
    const digest = (inputs: object, urn = storeUrn): string | undefined =>
      heard(step("create", urn, { new: { inputs } })).changes[0]?.inputs;
    const one = { a: { b: 1, c: [1, 2] }, d: "e" };
    assert.match(digest(one) ?? "", /^[0-9a-f]{64}$/);
    assert.equal(digest({ d: "e", a: { c: [1, 2], b: 1 } }), digest(one));
    for (const other of [{ ...one, d: "f" }, { ...one, a: { b: 1, c: [2, 1] } }, { ...one, a: [["b", 2]] }, {}]) {
      assert.notEqual(digest(other), digest(one));
    }
    assert.equal(digest(one, `${project}pulumi:providers:vault::vault`), undefined);
  });

  it("notes what the update will decide, and warns only of advisory findings", () => {
    const undecided = "x: undecided: depends on a";
    const log = heard(policy(undecided, "advisory"), policy("think of it", "advisory"), policy("may not be"));
    assert.deepEqual(
      log.violations.map(({ severity }) => severity),
      ["note", "warning", "error"],
    );
    assert.deepEqual(log.undecided, [`store-same-environment: ${undecided}`]);
  });

  it("uses the coarse difference if the provider gives no detailed one", () => {
    for (const detailedDiff of [undefined, null])
      assert.deepEqual(heard(step("update", storeUrn, { diffs: ["spec"], detailedDiff })).changes[0]?.differs, [
        "spec",
      ]);
  });

  it("accepts a step whose inputs and differences are null, as the engine writes them", () => {
    const empty = { new: { inputs: null }, old: { inputs: null }, diffs: null, detailedDiff: null };
    assert.deepEqual(heard(step("delete", storeUrn, empty)).changes[0]?.differs, []);
  });

  it("leaves unchanged resources and the stack itself out of the changes", () => {
    const stack = `${project}pulumi:pulumi:Stack::ameide-secrets-dev`;
    const log = heard(step("same", storeUrn), step("create", stack));
    assert.deepEqual(log.changes, []);
  });

  it("says which Kubernetes object a replacement would create and then delete", () => {
    const job = `${project}kubernetes:batch/v1:Job::job`;
    const lost = (ops: readonly string[], before: string, after: string): boolean | undefined => {
      const detail = {
        old: { inputs: { metadata: { name: before } } },
        new: { inputs: { metadata: { name: after } } },
      };
      return heard(...ops.map((op) => step(op, job, detail))).changes[0]?.losesItself;
    };
    const createsFirst = ["create-replacement", "replace", "delete-replaced"];
    assert.equal(lost(createsFirst, "same", "same"), true);
    assert.equal(lost(createsFirst, "one", "two"), undefined);
    assert.equal(lost(createsFirst.toReversed(), "same", "same"), undefined);
  });

  it("counts what is only read as unchanged", () => {
    const log = heard(step("read", `${project}pulumi:pulumi:StackReference::shared`));
    assert.deepEqual(log.changes, []);
  });

  it("combines the three steps of a replacement into one change", () => {
    for (const order of [
      ["create-replacement", "replace", "delete-replaced"],
      ["delete-replaced", "replace", "create-replacement", "create"],
    ]) {
      const log = heard(...order.map((op) => step(op, storeUrn)));
      assert.deepEqual(
        log.changes.map(({ operation }) => operation),
        ["replace"],
      );
    }
  });

  it("turns a violation into a finding: rule, stage, resource, problem and fix, without the engine's colours", () => {
    const { violations } = heard(
      policy("<{%red%}>SecretStore ameide-dev/store: it asks Vault of prod<{%reset%}>\n  fix: name Vault of dev\n"),
    );
    assert.deepEqual(violations, [
      {
        code: "store-same-environment",
        stage: "secret-store",
        severity: "error",
        subject: "SecretStore ameide-dev/store",
        problem: "SecretStore ameide-dev/store: it asks Vault of prod",
        fix: "name Vault of dev",
        see: readableReferences(ruleOf("store-same-environment").references).join(", "),
      },
    ]);
  });

  it("turns an advisory violation into a warning, and names the policy if the message has no fix", () => {
    const { violations } = heard(policy("old", "advisory"));
    assert.deepEqual(
      violations.map(({ severity, fix }) => [severity, fix]),
      [["warning", "see the policy store-same-environment"]],
    );
  });

  it("gives no place for a violation of the whole stack", () => {
    const [violation] = heard(policy("21 credentials", "mandatory", "")).violations;
    assert.deepEqual([violation?.subject, violation !== undefined && "where" in violation], ["", false]);
  });

  it("separates a rule that could not run from violations, in every form of the engine", () => {
    const log = heard(
      policy("can't run policy 'store-same-environment' during preview"),
      diagnostic("can't run policy 'x': oops", "warning"),
    );
    assert.deepEqual(log.violations, []);
    assert.deepEqual(log.skippedRules, [
      "store-same-environment: can't run policy 'store-same-environment' during preview",
      "can't run policy 'x': oops",
    ]);
  });

  it("keeps each error of the engine once, without warnings and ephemeral messages", () => {
    const log = heard(
      diagnostic("<{%fg 1%}>boom<{%reset%}>\n"),
      diagnostic("boom"),
      diagnostic("beware", "warning"),
      diagnostic("flicker", "error", true),
      diagnostic(" \n"),
    );
    assert.deepEqual(log.errors, ["boom"]);
  });
});

describe("stageOf", () => {
  it("assigns each type that the program registers, including components, to its stage", () => {
    const stages = {
      "azure-native:keyvault:Secret": "key-vault",
      "ameide-secrets:key-vault:KeyVault": "key-vault",
      "azure-native:managedidentity:FederatedIdentityCredential": "identity",
      "azure-native:authorization:RoleAssignment": "identity",
      "ameide-secrets:identity:BootstrapFederation": "identity",
      "kubernetes:batch/v1:CronJob": "bootstrap",
      "ameide-secrets:bootstrap:VaultBootstrap": "bootstrap",
      "vault:kubernetes/authBackendRole:AuthBackendRole": "vault",
      "ameide-secrets:vault:VaultEngine": "vault",
      "kubernetes:external-secrets.io/v1:SecretStore": "secret-store",
      "kubernetes:external-secrets.io/v1:ExternalSecret": "external-secret",
      "kubernetes:core/v1:ServiceAccountPatch": "external-secret",
      "ameide-secrets:external-secret:AdmissionGuard": "external-secret",
    } as const;
    assert.deepEqual(Object.fromEntries(Object.keys(stages).map((type) => [type, stageOf(type)])), stages);
  });
});
