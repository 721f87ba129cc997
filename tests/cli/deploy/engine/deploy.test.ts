import assert from "node:assert/strict";
import { mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UserAssignedIdentity } from "@pulumi/azure-native/managedidentity/index.js";
import { ResourceGroup } from "@pulumi/azure-native/resources/index.js";
import * as pulumi from "@pulumi/pulumi";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { previewStack, updateStack } from "../../../../cli/deploy/engine/deploy.ts";
import { UserError } from "../../../../domain/user-error.ts";
import { repositoryRoot } from "../../../../environments/index.ts";
import { useEngine, type Program } from "../../../support/engine.ts";

/** A rule that refuses, one that advises, and one that reads what no preview knows. */
const pack = `
const { PolicyPack } = require("@pulumi/policy");
const rule = (name, enforcementLevel, validateResource) => ({ name, description: name, enforcementLevel, validateResource });
new PolicyPack("test", { policies: [
  rule("refuses", "mandatory", ({ name }, report) => name.startsWith("refused") && report({ message: name + " may not be\\nfix: leave it out" })),
  rule("advises", "advisory", ({ name }, report) => name === "advised" && report("think of it")),
  rule("waits", "advisory", ({ name }, report) => name === "waits" && report({ message: "x: undecided: depends on a, which is not known yet; the update decides before this resource is made" })),
  rule("reads", "mandatory", ({ name, props }, report) => name === "unknown" && props.tags.owner === "x" && report("x")),
] });
`;

describe("previewStack and updateStack, under the real engine", function () {
  this.timeout(60_000);
  const engine = useEngine("dev");
  let folder: string;

  before(() => {
    folder = join(engine.folder, "pack");
    mkdirSync(folder);
    symlinkSync(join(repositoryRoot, "node_modules"), join(folder, "node_modules"));
    writeFileSync(join(folder, "PulumiPolicy.yaml"), "runtime: nodejs\nversion: 0.1.0\nmain: index.js\n");
    writeFileSync(join(folder, "package.json"), '{ "name": "test", "version": "0.1.0", "main": "index.js" }\n');
    writeFileSync(join(folder, "index.js"), pack);
  });

  const run = () => ({ policyPacks: [folder], signal: new AbortController().signal });
  const groups =
    (...names: readonly string[]): Program =>
    () => {
      for (const name of names) new ResourceGroup(name, { resourceGroupName: name, location: "westeurope" });
      return Promise.resolve();
    };
  const refusal = async (work: Promise<unknown>): Promise<UserError> => {
    const error = await work.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof UserError, String(error));
    return error;
  };

  it("shows no preview that was cancelled, although the engine ends it as if it were complete", async () => {
    const stop = new AbortController();
    const cancelled = { name: "dev", preview: () => Promise.resolve(stop.abort()) } as unknown as Stack;
    await assert.rejects(previewStack(cancelled, { signal: stop.signal }), { name: "AbortError" });
  });

  it("returns what would change, and the advisory findings", async () => {
    const { changes, advisories } = await previewStack(await engine.open(groups("one", "advised")), run());
    assert.deepEqual(
      changes
        .filter(({ type }) => !type.startsWith("pulumi:"))
        .map(({ operation, name }) => `${operation} ${name}`)
        .toSorted(),
      ["create advised", "create one"],
    );
    assert.deepEqual(
      advisories.map(({ code, severity, subject }) => [code, severity, subject]),
      [["advises", "warning", "advised"]],
    );
  });

  it("returns the same plan for the same inputs, without any secret value", async () => {
    const inputsOf = async (plain: string, marked: string): Promise<string | undefined> => {
      const stack = await engine.open(() => {
        const tags = { plain, marked: pulumi.secret(marked) };
        new ResourceGroup("one", { resourceGroupName: "one", location: "westeurope", tags });
        return Promise.resolve();
      });
      const { changes } = await previewStack(stack, { ...run(), policyPacks: [] });
      return changes.find(({ name }) => name === "one")?.inputs;
    };
    const planned = await inputsOf("a", "first value");
    assert.match(planned ?? "", /^[0-9a-f]{64}$/);
    assert.equal(await inputsOf("a", "second value"), planned);
    assert.notEqual(await inputsOf("b", "first value"), planned);
  });

  it("fails on every violation of a mandatory rule at once, as findings with their fix", async () => {
    const { findings, message } = await refusal(
      previewStack(await engine.open(groups("refused-1", "one", "refused-2")), run()),
    );
    assert.deepEqual(findings.map(({ code, subject }) => `${code} ${subject}`).toSorted(), [
      "refuses refused-1",
      "refuses refused-2",
    ]);
    assert.match(message, /refused-1 may not be\n {2}fix: leave it out/);
  });

  it("fails if a rule could not run", async () => {
    const stack = await engine.open(() => {
      const { clientId } = new UserAssignedIdentity("identity", { resourceGroupName: "a", resourceName: "b" });
      new ResourceGroup("unknown", { resourceGroupName: "c", location: "westeurope", tags: { owner: clientId } });
      return Promise.resolve();
    });
    const { code, message } = await refusal(previewStack(stack, run()));
    assert.equal(code, "policy-did-not-run");
    assert.match(message, /reads/);
  });

  it("returns the outputs of an update that are not secret, also if nothing changed", async () => {
    const secret = pulumi.secret("b");
    const program = () => Promise.resolve({ name: "a", list: [1], none: null, hidden: secret, partly: { secret } });
    for (const time of ["first", "second"]) {
      const { outputs } = await updateStack(await engine.open(program), { ...run(), policyPacks: [] });
      assert.deepEqual(outputs, { name: "a", list: [1], none: null }, time);
    }
  });

  it("leaves no log of the engine's calls", async () => {
    await previewStack(await engine.open(groups("one")), { ...run(), policyPacks: [] });
    assert.ok(statSync(join(engine.folder, "home", "logs")).isFile(), "the engine made its folder of logs");
  });

  it("fails if the update leaves a verdict undecided", async () => {
    const stack = await engine.open(() => {
      new pulumi.ComponentResource("test:index:Part", "waits");
      return Promise.resolve();
    });
    await previewStack(stack, run());
    const { code, message } = await refusal(updateStack(stack, run()));
    assert.equal(code, "policy-stayed-undecided");
    assert.match(message, /waits: x: undecided: depends on a/);
  });

  it("fails with the engine's own message, and prints how to continue", async () => {
    const { code, findings, message } = await refusal(updateStack(await engine.open(groups("one")), run()));
    assert.deepEqual([code, findings], ["update-failed", []]);
    assert.match(
      message,
      /^the update of stack dev failed:\n[\s\S]*offline, so nothing can be read or changed[\s\S]*\n {2}fix: /,
    );
  });

  it("prints a fix for a Key Vault secret that the state does not know, and for one that you may not recover", async () => {
    const id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v/secrets/ghcr-token";
    for (const [message, fix] of [
      [`cannot create already existing resource '${id}'`, `adopt: { key-vault-ghcr-token: "${id}" }`],
      ["Secret ghcr-token is currently in a deleted but recoverable state", 'role "Key Vault Secrets Officer"'],
    ] as const) {
      const stack = await engine.open(() => Promise.reject(new pulumi.RunError(message)));
      const refused = await refusal(previewStack(stack, run()));
      assert.ok(refused.message.includes(fix), refused.message);
    }
  });

  it("fails with the program's own error", async () => {
    const stack = await engine.open(() => Promise.reject(new Error("the program is broken")));
    assert.match((await refusal(previewStack(stack, run()))).message, /the program is broken/);
  });
});
