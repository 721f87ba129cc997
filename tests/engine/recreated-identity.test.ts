import assert from "node:assert/strict";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { orphanedAssignments } from "../../cli/deploy/ownership/azure-objects.ts";
import { AzureClient, AzureRestError } from "../../clients/azure.ts";
import { Redacted } from "../../domain/redacted.ts";
import { registerStack } from "../../chain.ts";
import { identityId, keyVaultId, keyVaultSecretsUser, secretsUserName } from "../../domain/resources/azure-inputs.ts";
import type { SharedStack } from "../../domain/plan/environment.ts";
import { AzureRig } from "../stand-ins/azure/rig.ts";
import { useEngine } from "../support/engine.ts";
import { azure as place, sharedStack } from "../support/stacks.ts";
import { preview, up } from "./live-providers.ts";

const earlierName = "99999999-9999-4999-8999-999999999999";

describe("an identity that was deleted and created again, on the Azure stand-in", function () {
  this.timeout(120_000);
  let rig: AzureRig;
  before(async () => {
    rig = await AzureRig.start({ tenantId: place.tenantId, subscriptionId: place.subscriptionId });
    await rig.arm("PUT", `/subscriptions/${place.subscriptionId}/resourceGroups/Ameide`, { location: "westeurope" });
  });
  after(() => rig.stop());

  const engine = useEngine("shared", () => rig.providers);
  const open = (changes: Partial<SharedStack> = {}): Promise<Stack> =>
    engine.open(() => Promise.resolve(registerStack({ ...sharedStack(), ...changes })));
  const assignments = `${keyVaultId(place)}/providers/Microsoft.Authorization/roleAssignments`;
  const names = async (): Promise<Readonly<Record<string, string>>> => {
    const { body } = await rig.arm("GET", `${assignments}?api-version=2022-04-01`);
    const list = body.value as readonly { name: string; properties: { principalId: string } }[];
    return Object.fromEntries(list.map(({ name, properties }) => [properties.principalId, name]));
  };
  const principal = async (): Promise<string> =>
    (await rig.arm("GET", `${identityId(place)}?api-version=2023-01-31`)).body.properties.principalId;

  const reader = () =>
    new AzureClient({
      resourceManager: rig.azure.origin,
      keyVaultUri: rig.azure.origin,
      token: () => Promise.resolve(new Redacted(rig.azure.operatorToken)),
      ca: rig.azure.caPem,
    });
  const orphans = async () => (await orphanedAssignments(place, () => Promise.resolve(reader()))).map(({ fix }) => fix);

  let former: string;

  it("keeps the name of an assignment from an earlier release, although it is protected", async () => {
    await rig.arm("PUT", keyVaultId(place), rig.vaultBody({ enableRbacAuthorization: true }));
    await rig.arm("PUT", `${identityId(place)}?api-version=2023-01-31`, { location: "westeurope" });
    former = await principal();
    const roleDefinitionId = `/subscriptions/${place.subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${keyVaultSecretsUser}`;
    await rig.arm("PUT", `${assignments}/${earlierName}?api-version=2022-04-01`, {
      properties: { principalId: former, principalType: "ServicePrincipal", roleDefinitionId },
    });
    const adopt = {
      "key-vault-vault": keyVaultId(place),
      "identity-identity": identityId(place),
      "identity-secrets-user": `${assignments}/${earlierName}`,
    };
    await up(await open({ adopt }));
    const stack = await open();
    const exported = await stack.exportStack();
    for (const resource of exported.deployment.resources as { urn: string; protect?: boolean }[])
      if (resource.urn.endsWith("::identity-secrets-user")) resource.protect = true;
    await stack.importStack(exported);
    assert.deepEqual(
      (await preview(stack)).filter((step) => step.includes("RoleAssignment")),
      [],
    );
  });

  it("gets its role again under a new name, because Azure does not allow a change of the old assignment", async () => {
    const stack = await open();
    await up(stack);
    await rig.arm("DELETE", `${identityId(place)}?api-version=2023-01-31`);
    await stack.refresh();
    const steps = await up(stack);
    assert.deepEqual(steps.filter((step) => /^(create|replace) /.test(step)).toSorted(), [
      "create azure-native:managedidentity:UserAssignedIdentity identity-identity",
      "replace azure-native:authorization:RoleAssignment identity-secrets-user",
    ]);
    const now = await principal();
    assert.notEqual(now, former);
    // the former assignment stays, and gives nobody anything
    assert.deepEqual(await names(), { [former]: earlierName, [now]: secretsUserName(place, now) });
    assert.deepEqual(await preview(stack), []);
  });

  it("reports no leftover assignment if Azure cannot be read", async () => {
    const forbidden = () => Promise.reject(new AzureRestError(403, { code: "AuthorizationFailed" }));
    assert.deepEqual(
      await orphanedAssignments(place, () => Promise.resolve({ arm: forbidden, keyVault: forbidden })),
      [],
    );
  });

  it("also gets it a second time, with the assignment that this program created, and reports the old one", async () => {
    const stack = await open();
    const second = await principal();
    assert.deepEqual(await orphans(), []);
    await rig.arm("DELETE", `${identityId(place)}?api-version=2023-01-31`);
    const ofSecond = `${assignments}/${secretsUserName(place, second)}`;
    const fix = `az role assignment delete --ids ${ofSecond}`;
    assert.deepEqual(await orphans(), [fix]);
    await stack.refresh();
    await up(stack);
    const now = await principal();
    assert.deepEqual(await orphans(), [fix]);
    await rig.arm("DELETE", `${ofSecond}?api-version=2022-04-01`);
    assert.deepEqual(await orphans(), []);
    assert.equal((await names())[now], secretsUserName(place, now));
    assert.deepEqual(await preview(stack), []);
  });
});
