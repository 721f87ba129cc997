import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { EngineEvent, Stack } from "@pulumi/pulumi/automation/index.js";
import { registerStack } from "../../chain.ts";
import { KeyVault } from "../../components/key-vault.ts";
import { azureProvider } from "../../components/providers.ts";
import type { SharedStack } from "../../domain/plan/environment.ts";
import { valuesInState, type ExportedDeployment } from "../../domain/plan/update-check.ts";
import { AzureRig } from "../stand-ins/azure/rig.ts";
import { stepsOf, useEngine } from "../support/engine.ts";
import { sharedStack } from "../support/stacks.ts";

const { subscriptionId, tenantId } = sharedStack().azure;
const group = `/subscriptions/${subscriptionId}/resourceGroups/Ameide`;
const vaultId = `${group}/providers/Microsoft.KeyVault/vaults/ameidekv`;

const canary = 'canary/"value"+1 ä';
const values = { "ghcr-token": canary, "ghcr-username": "sample-user" };

describe("registerStack, for shared with values in state, under the real engine", function () {
  this.timeout(60_000);
  let rig: AzureRig;
  let stack: Stack;

  before(async () => {
    rig = await AzureRig.start({ tenantId, subscriptionId });
    assert.equal((await rig.arm("PUT", group, { location: "westeurope" })).status, 201);
  });
  const engine = useEngine("shared", () => rig.providers);
  before(async () => {
    stack = await engine.open(async () => registerStack(sharedStack(values)));
    await stack.up();
  });
  after(() => rig.stop());

  async function planned(plan: SharedStack): Promise<string[]> {
    const events: EngineEvent[] = [];
    const again = await engine.open(async () => registerStack(plan));
    await again.preview({ onEvent: (event) => events.push(event) });
    return stepsOf(events);
  }

  it("plans nothing the second time", async () => assert.deepEqual(await planned(sharedStack(values)), []));

  it("plans one change when one value changes", async () =>
    assert.deepEqual(await planned(sharedStack({ ...values, "ghcr-token": "another" })), [
      "update azure-native:keyvault:Secret key-vault-ghcr-token",
    ]));

  it("stores no value in clear in its state, in any encoding", async () => {
    // the file on disk; the Automation API's own export shows secrets
    const state = readFileSync(join(engine.folder, "state/.pulumi/stacks/ameide-secrets/shared.json"), "utf8");
    const forms = {
      plain: canary,
      json: JSON.stringify(canary).slice(1, -1),
      "json in json": JSON.stringify(JSON.stringify(canary)).slice(3, -3),
      base64: Buffer.from(canary).toString("base64"),
      uri: encodeURIComponent(canary),
      hex: Buffer.from(canary).toString("hex"),
    };
    assert.deepEqual(
      Object.entries(forms)
        .filter(([, form]) => state.includes(form))
        .map(([name]) => name),
      [],
    );
    assert.ok(state.includes("key-vault-ghcr-token"), "the state is not the one of this stack");
  });

  it("reports which values its state contains", async () => {
    const { deployment } = await stack.exportStack();
    assert.deepEqual(valuesInState(deployment as ExportedDeployment).toSorted(), ["ghcr-token", "ghcr-username"]);
  });

  it("refuses an update without a value that its state contains, and keeps the value", async () => {
    const lacking = sharedStack({ "ghcr-username": "sample-user" });
    const again = await engine.open(async () => registerStack(lacking, { valuesInState: Object.keys(values) }));
    await assert.rejects(again.up(), /the state of this stack contains a value of ghcr-token, but .env does not/);
    assert.equal((await rig.operatorClient().getSecret("ghcr-token")).value, canary);
  });

  it("fails to destroy what it protects, naming it", async () => {
    await assert.rejects(stack.destroy(), /key-vault-ghcr-token" cannot be deleted\s+because it is protected/);
    assert.equal((await rig.operatorClient().getSecret("ghcr-token")).value, canary);
  });

  it("fails to replace what it protects: another vault would be an empty one", async () => {
    const plan = sharedStack(values);
    await assert.rejects(
      planned({ ...plan, azure: { ...plan.azure, keyVault: "ameidekv2" } }),
      /unable to replace resource.*key-vault-vault|key-vault-vault.*protect/s,
    );
  });

  it("plans nothing after a rename with an alias: children are named after their parent", async () => {
    const { azure, keyVaultSecrets: secrets } = sharedStack(values);
    const before: string[] = [];
    const after: string[] = [];
    for (const { aliases, steps } of [
      { aliases: [], steps: before },
      { aliases: [{ name: "key-vault" }], steps: after },
    ]) {
      const events: EngineEvent[] = [];
      const renamed = await engine.open(async () => {
        const providers = { "azure-native": azureProvider(azure) };
        new KeyVault("vault", { azure, secrets, protect: false }, { aliases, providers });
      });
      await renamed.preview({ onEvent: (event) => events.push(event) }).catch(() => undefined);
      steps.push(...stepsOf(events).filter((step) => /KeyVault|keyvault/.test(step) && step.startsWith("create")));
    }
    assert.equal(before.length, 4, "without the alias everything would be made anew");
    assert.deepEqual(after, []);
  });

  describe("after the vault was deleted by other means", () => {
    const recovering = () => {
      const plan = sharedStack(values);
      return { ...plan, azure: { ...plan.azure, recover: true } };
    };

    before(async () => {
      assert.equal((await rig.arm("DELETE", vaultId)).status, 200);
      // what went with it: the vault, and the right on it. Its secrets come back with it, and stay in state
      await stack.refresh({ target: ["**::key-vault-vault", "**::identity-secrets-user"] });
    });

    it("fails to create it again: the deleted one still has its name", async () => {
      const again = await engine.open(async () => registerStack(sharedStack(values)));
      await assert.rejects(again.up(), /deleted state|recover/i);
    });

    it("recovers it with `recover`, its secrets with their values", async () => {
      const again = await engine.open(async () => registerStack(recovering()));
      await again.up();
      assert.equal((await rig.operatorClient().getSecret("ghcr-token")).value, canary);
    });

    it("plans nothing afterwards, with `recover` or without", async () => {
      assert.deepEqual(await planned(recovering()), []);
      assert.deepEqual(await planned(sharedStack(values)), []);
    });
  });
});
