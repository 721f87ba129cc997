import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { refuseLoss, refuseUnapproved } from "../../../cli/deploy/gates.ts";
import type { Change } from "../../../cli/deploy/engine/change.ts";
import { UserError } from "../../../domain/user-error.ts";

const change = (operation: Change["operation"], type: string, differs: readonly string[] = []): Change => ({
  operation,
  type,
  differs,
  name: "one",
  stage: "vault",
  urn: `urn:pulumi:prod::ameide-secrets::${type}::one`,
});
const codeOf = (error: unknown): string => (error instanceof UserError ? error.code : "another error");

describe("refuseLoss", () => {
  /** Nothing of a stack is read but its name, unless objects would be lost; see tests/engine/kubeconfig.test.ts. */
  const stack = (name: string): Stack => ({ name }) as Stack;

  it("refuses a plan that deletes or replaces something with values, in every stack except local", async () => {
    const plan = [change("create", "vault:index/policy:Policy"), change("replace", "azure-native:keyvault:Vault")];
    for (const name of ["prod", "dev", "shared"]) {
      await assert.rejects(refuseLoss(plan, stack(name)), (error) => codeOf(error) === "lifecycle-no-loss");
    }
    await refuseLoss(plan, stack("local"));
  });
  it("allows a plan that creates and updates", () =>
    refuseLoss(
      [change("create", "azure-native:keyvault:Vault"), change("update", "vault:index/mount:Mount")],
      stack("prod"),
    ));
});

describe("refuseLoss, for objects that would be created and then deleted", () => {
  let folder = "";
  before(() => (folder = mkdtempSync(join(tmpdir(), "ameide-secrets-gates-"))));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("names each with the previous kubeconfig, also in local", async () => {
    const provider = { type: "pulumi:providers:kubernetes", inputs: { kubeconfig: "/former/kubeconfig" } };
    const command = join(folder, "pulumi");
    writeFileSync(command, `#!/bin/sh\necho '${JSON.stringify({ deployment: { resources: [provider] } })}'\n`, {
      mode: 0o700,
    });
    const workspace = { pulumiCommand: { command }, workDir: folder, envVars: {} };
    const plan = [
      change("replace", "pulumi:providers:kubernetes"),
      { ...change("replace", "kubernetes:core/v1:ConfigMap"), object: "a/one", losesItself: true as const },
      change("replace", "azure-native:keyvault:Vault"),
    ];
    await assert.rejects(refuseLoss(plan, { name: "local", workspace } as unknown as Stack), (error: Error) => {
      assert.match(error.message, /replaces 1 Kubernetes object\(s\) that keep their names.*: ConfigMap a\/one\n/);
      assert.match(error.message, /fix: copy the kubeconfig of the local home to \/former\/kubeconfig and run/);
      return true;
    });
    await assert.rejects(refuseLoss(plan, { name: "dev", workspace } as unknown as Stack), (error) => {
      assert.ok(error instanceof UserError);
      assert.deepEqual(
        error.findings.map(({ code }) => code),
        ["lifecycle-no-loss", "objects-would-be-lost"],
      );
      assert.match(error.message, /fix: set cluster\.kubeconfig of Pulumi\.dev\.yaml to \/former\/kubeconfig,/);
      return true;
    });
  });
});

describe("refuseUnapproved", () => {
  let folder = "";
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "ameide-secrets-gates-"))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const approved = (content: string): string => {
    const file = join(folder, "plan.json");
    writeFileSync(file, content);
    return file;
  };
  const one = change("create", "vault:index/policy:Policy");
  const two = change("update", "kubernetes:batch/v1:CronJob", ["spec.schedule"]);

  it("allows the same changes in another order", () =>
    assert.doesNotThrow(() => refuseUnapproved([one, two], approved(JSON.stringify({ changes: [two, one] })))));
  it("refuses an extra change, a missing change and another property, naming them", () => {
    const file = approved(JSON.stringify({ changes: [one] }));
    assert.throws(() => refuseUnapproved([one, two], file), /not approved: update .*CronJob::one spec\.schedule/);
    assert.throws(() => refuseUnapproved([], file), /approved, but not in the plan now: create .*Policy::one/);
    const other = change("update", "kubernetes:batch/v1:CronJob", ["spec.suspend"]);
    assert.throws(
      () => refuseUnapproved([other], approved(JSON.stringify({ changes: [two] }))),
      (error) => codeOf(error) === "plan-not-approved",
    );
  });
  it("refuses the same change with inputs that were not approved", () => {
    const file = approved(JSON.stringify({ changes: [{ ...two, inputs: "a".repeat(64) }] }));
    assert.doesNotThrow(() => refuseUnapproved([{ ...two, inputs: "a".repeat(64) }], file));
    assert.throws(
      () => refuseUnapproved([{ ...two, inputs: "b".repeat(64) }], file),
      /not approved: .*\(inputs b{12}\)\n.*approved, but not in the plan now: .*\(inputs a{12}\)/,
    );
  });
  it("refuses a file that is not a plan, and a missing file", () => {
    for (const file of [approved("{}"), approved("no JSON"), join(folder, "missing.json")]) {
      assert.throws(
        () => refuseUnapproved([], file),
        (error) => codeOf(error) === "plan-unreadable",
      );
    }
  });
});
