import assert from "node:assert/strict";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { ResourceGroup } from "@pulumi/azure-native/resources/index.js";
import { KeyVaultWriter } from "../../../cli/access/key-vault.ts";
import { prune, retiredNames } from "../../../cli/operate/prune.ts";
import { previewStack } from "../../../cli/deploy/engine/deploy.ts";
import { readResources } from "../../../cli/deploy/engine/state.ts";
import type { Cluster } from "../../../clients/kubernetes.ts";
import { KeyVault } from "../../../components/key-vault.ts";
import { azureProvider } from "../../../components/providers.ts";
import { Redacted } from "../../../domain/redacted.ts";
import { valuesInState, missingValues } from "../../../domain/plan/update-check.ts";
import { operatorCredential } from "../../../stand-ins/azure/operator-credential.ts";
import { AzureRig } from "../../stand-ins/azure/rig.ts";
import { catalogueOf } from "../../support/catalogues.ts";
import { useEngine, type Program } from "../../support/engine.ts";
import { sharedStack } from "../../support/stacks.ts";

const catalogue = catalogueOf({
  secrets: { "ghcr-token": { authority: "external", env: "GHCR_TOKEN", owner: "platform" } },
  retired: {
    "env-*": { since: "2025-12-05", use: "*" },
    "azure-auth": { since: "2025-12-05" },
  },
});

describe("retiredNames", () => {
  it("gives the names under which a retired name may be stored: unchanged, and with Key Vault's prefix", () => {
    assert.deepEqual(retiredNames(catalogue, "AZURE_AUTH", undefined), ["azure-auth", "env-azure-auth"]);
    assert.deepEqual(retiredNames(catalogue, "azure-auth", "kv-"), ["azure-auth", "kv-azure-auth"]);
  });

  it("gives one name if there is no prefix", () =>
    assert.deepEqual(retiredNames(catalogue, "azure-auth", ""), ["azure-auth"]));

  it("accepts a name that a retired pattern covers", () =>
    assert.deepEqual(retiredNames(catalogue, "env-ghcr-token", ""), ["env-ghcr-token"]));

  it("refuses a name that is in use, and an unknown one: only the catalogue retires names", () => {
    for (const name of ["ghcr-token", "nobody-knows"]) {
      assert.throws(() => retiredNames(catalogue, name, ""), { name: "UserError", code: "prune-not-retired" });
    }
  });
});

describe("prune, for a name that an ExternalSecret still reads", () => {
  const data = (key: string) => ({ data: [{ remoteRef: { key } }] });
  const extract = (key: string) => ({ dataFrom: [{ extract: { key } }] });
  for (const spec of [data("azure-auth"), data("kv/azure-auth"), extract("kv/data/azure-auth")])
    it(`deletes nothing, and names it: ${JSON.stringify(spec)}`, async () => {
      const items = [{ metadata: { namespace: "ameide-dev", name: "reader" }, spec }];
      const cluster = { get: () => Promise.resolve({ items }) } as unknown as Cluster;
      const vault = { target: { address: "http://127.0.0.1:1" }, mount: "kv", token: new Redacted("t"), cluster };
      await assert.rejects(prune({ names: ["azure-auth"], write: true, vault }), {
        code: "prune-still-read",
        message: /^azure-auth is still read by ameide-dev\/reader\n/,
      });
    });
});

describe("prune, with a value in the state of a stack, under the real engine", function () {
  this.timeout(60_000);
  const { subscriptionId, tenantId } = sharedStack().azure;
  const values = { "env-ghcr-token": "canary-old", "ghcr-token": "canary-new" };
  let rig: AzureRig;
  let stack: Stack;

  before(async () => {
    rig = await AzureRig.start({ tenantId, subscriptionId });
    await rig.arm("PUT", `/subscriptions/${subscriptionId}/resourceGroups/Ameide`, { location: "westeurope" });
  });
  const engine = useEngine("shared", () => rig.providers);
  before(async () => {
    stack = await engine.open(program(sharedStack(values)));
    await stack.up();
  });
  after(() => rig.stop());

  /** Key Vault with its values, and what depends on all of them, as the sync Job of `local` does. */
  const program =
    ({ azure, keyVaultSecrets: secrets }: ReturnType<typeof sharedStack>): Program =>
    () => {
      const provider = azureProvider(azure);
      const keyVault = new KeyVault("key-vault", { azure, secrets, protect: true }, { providers: [provider] });
      const group = { resourceGroupName: "Dependent", location: "westeurope" };
      new ResourceGroup("dependent", group, { provider, dependsOn: keyVault });
      return Promise.resolve();
    };
  const run = async (write: boolean) => {
    const keyVault = new KeyVaultWriter({
      uri: `${rig.azure.origin}/`,
      credential: operatorCredential(rig.dir),
      options: { disableChallengeResourceVerification: true },
    });
    const rows = await prune({ names: ["env-ghcr-token"], write, keyVault, stack });
    return rows.map(({ where, verdict }) => `${where}: ${verdict}`);
  };
  const held = async () => valuesInState({ resources: await readResources(stack) }).toSorted();

  it("shows where it is stored, and changes nothing", async () => {
    assert.deepEqual(await run(false), ["state: goes", "Key Vault: goes"]);
    assert.deepEqual(await held(), ["env-ghcr-token", "ghcr-token"]);
    assert.equal((await rig.operatorClient().getSecret("env-ghcr-token")).value, "canary-old");
  });

  it("deletes it from both, into soft delete, and the next update plans nothing", async () => {
    assert.deepEqual(await run(true), ["state: goes", "Key Vault: goes"]);
    assert.deepEqual(await held(), ["ghcr-token"]);
    assert.equal((await rig.operatorClient().getDeletedSecret("env-ghcr-token")).name, "env-ghcr-token");
    assert.equal((await rig.operatorClient().getSecret("ghcr-token")).value, "canary-new");
    const without = sharedStack({ "ghcr-token": "canary-new" });
    const next = await engine.open(program(without));
    assert.deepEqual(missingValues(without, await held()), []);
    const { changes } = await previewStack(next, { policyPacks: [], signal: new AbortController().signal });
    assert.deepEqual(changes, []);
  });

  it("has nothing to do the second time", async () =>
    assert.deepEqual(await run(true), ["state: absent", "Key Vault: absent"]));
});
