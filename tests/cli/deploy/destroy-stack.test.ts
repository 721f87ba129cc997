import assert from "node:assert/strict";
import { UserAssignedIdentity } from "@pulumi/azure-native/managedidentity/index.js";
import { Provider } from "@pulumi/azure-native/provider.js";
import { ResourceGroup } from "@pulumi/azure-native/resources/index.js";
import type { DestroyOptions, Stack } from "@pulumi/pulumi/automation/index.js";
import { registerStack } from "../../../chain.ts";
import { destroyStack, stayingResources } from "../../../cli/deploy/engine/deploy.ts";
import { AzureRig } from "../../stand-ins/azure/rig.ts";
import { useEngine } from "../../support/engine.ts";
import { sharedStack } from "../../support/stacks.ts";

const { subscriptionId, tenantId } = sharedStack().azure;
const groups = `/subscriptions/${subscriptionId}/resourceGroups`;

describe("destroyStack, under the real engine", function () {
  this.timeout(60_000);
  let rig: AzureRig;
  let stack: Stack;

  before(async () => {
    rig = await AzureRig.start({ tenantId, subscriptionId });
    await rig.arm("PUT", `${groups}/Ameide`, { location: "westeurope" });
  });
  const engine = useEngine("dev", () => rig.providers);
  before(async () => {
    stack = await engine.open(() => {
      const shared = sharedStack({ "ghcr-token": "canary-1" });
      registerStack(shared);
      const provider = new Provider("own", { subscriptionId, tenantId, location: "westeurope" });
      new ResourceGroup("goes", { resourceGroupName: "Goes", location: "westeurope" }, { provider });
      const left = { resourceGroupName: "Ameide", resourceName: "left", location: "westeurope" };
      new UserAssignedIdentity("left", left, { retainOnDelete: true, provider });
      return Promise.resolve();
    });
    await stack.up();
  });
  after(() => rig.stop());

  const run = (preview: boolean) => destroyStack(stack, { preview, signal: new AbortController().signal });
  const own = (changes: readonly { readonly type: string; readonly operation: string; readonly name: string }[]) =>
    changes.filter(({ type }) => !type.includes("providers")).map(({ operation, name }) => `${operation} ${name}`);
  const staying = async () =>
    (await stayingResources(stack)).map(({ name, because }) => `${name}: ${because}`).toSorted();
  const exists = async (path: string) => (await rig.arm("GET", `${groups}/${path}`)).status === 200;
  const protectedOnes = [
    "identity-identity: protected",
    "key-vault-ghcr-token: protected",
    "key-vault-vault: protected",
  ];
  const leftIdentity = "Ameide/providers/Microsoft.ManagedIdentity/userAssignedIdentities/left";

  it("shows what would be removed, and what stays and why, and changes nothing", async () => {
    assert.deepEqual(own(await run(true)), ["delete goes"]);
    assert.deepEqual(
      await staying(),
      [...protectedOnes, "identity-secrets-user: retained", "left: retained"].toSorted(),
    );
    assert.deepEqual([await exists("Goes"), await exists(leftIdentity)], [true, true]);
  });

  it("deletes nothing if it was broken off before the engine began", async () => {
    await assert.rejects(destroyStack(stack, { preview: false, signal: AbortSignal.abort() }), { name: "AbortError" });
    assert.equal(await exists("Goes"), true);
  });

  it("shows no preview that was broken off", async () => {
    const abort = new AbortController();
    const interrupted: Stack = Object.assign(Object.create(stack) as Stack, {
      previewDestroy: (options: DestroyOptions) => stack.previewDestroy(options).finally(() => abort.abort()),
    });
    await assert.rejects(destroyStack(interrupted, { preview: true, signal: abort.signal }), { name: "AbortError" });
  });

  it("deletes the rest, and keeps protected resources in the stack and retained ones in place", async () => {
    assert.deepEqual(own(await run(false)), ["delete goes"]);
    assert.deepEqual([await exists("Goes"), await exists(leftIdentity)], [false, true]);
    assert.equal((await rig.operatorClient().getSecret("ghcr-token")).value, "canary-1");
    assert.deepEqual(await staying(), protectedOnes);
  });

  it("has nothing to do the second time", async () => assert.deepEqual(own(await run(false)), []));
});
