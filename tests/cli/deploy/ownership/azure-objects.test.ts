import assert from "node:assert/strict";
import { type OwnershipAccess } from "../../../../cli/deploy/ownership/ownership.ts";
import { previewStack } from "../../../../cli/deploy/engine/deploy.ts";
import type { Change } from "../../../../cli/deploy/engine/change.ts";
import { checkAdopted } from "../../../../domain/resources/adoption.ts";
import { registerStack } from "../../../../chain.ts";
import { AzureClient } from "../../../../clients/azure.ts";
import { identityId, keyVaultId, keyVaultSecretsUser } from "../../../../domain/resources/azure-inputs.ts";
import { Redacted } from "../../../../domain/redacted.ts";
import { AzureRig } from "../../../stand-ins/azure/rig.ts";
import { useEngine } from "../../../support/engine.ts";
import { azure as place, environmentStack, sharedStack } from "../../../support/stacks.ts";
import { up } from "../../../engine/live-providers.ts";
import { foundBy, offered } from "./found-by.ts";

describe("refuseForeign, with an Azure that is in use", function () {
  this.timeout(120_000);
  let rig: AzureRig;
  let access: OwnershipAccess;
  const environment = environmentStack("dev");

  before(async () => {
    rig = await AzureRig.start({ tenantId: place.tenantId, subscriptionId: place.subscriptionId });
    access = { azure: () => Promise.resolve(reader(rig.azure.operatorToken)) };
  });
  after(() => rig.stop());

  const reader = (bearer: string) =>
    new AzureClient({
      resourceManager: rig.azure.origin,
      keyVaultUri: rig.azure.origin,
      token: () => Promise.resolve(new Redacted(bearer)),
      ca: rig.azure.caPem,
    });
  const engine = useEngine("shared", () => rig.providers);
  const creations = (...types: readonly string[]): readonly Change[] =>
    types.map((type) => ({
      operation: "create",
      type: `azure-native:${type}`,
      name:
        {
          "keyvault:Vault": "key-vault-vault",
          "managedidentity:UserAssignedIdentity": "identity-identity",
          "authorization:RoleAssignment": "identity-secrets-user",
        }[type] ?? `federation-${environment.federated.name}`,
      stage: "identity",
      differs: [],
      urn: type,
    }));
  const shared = creations("keyvault:Vault", "managedidentity:UserAssignedIdentity", "authorization:RoleAssignment");
  const federation = creations("managedidentity:FederatedIdentityCredential");

  it("allows everything if nothing exists", async () => {
    assert.deepEqual(await foundBy(shared, sharedStack(), access), []);
    assert.deepEqual(await foundBy(federation, environment, access), []);
  });

  it("refuses an existing vault, identity, role and credential, each with the line that adopts it", async () => {
    const { issuer, subject } = environment.federated;
    await rig.arm("PUT", `/subscriptions/${place.subscriptionId}/resourceGroups/Ameide`, { location: "westeurope" });
    await rig.arm("PUT", keyVaultId(place), rig.vaultBody({ enableRbacAuthorization: false, accessPolicies: [] }));
    const { body } = await rig.arm("PUT", `${identityId(place)}?api-version=2023-01-31`, { location: "westeurope" });
    const assignment = `${keyVaultId(place)}/providers/Microsoft.Authorization/roleAssignments/99999999-9999-4999-8999-999999999999`;
    await rig.arm("PUT", `${assignment}?api-version=2022-04-01`, {
      properties: {
        principalId: body.properties.principalId,
        principalType: "ServicePrincipal",
        roleDefinitionId: `/subscriptions/${place.subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${keyVaultSecretsUser}`,
      },
    });
    const credential = `${identityId(place)}/federatedIdentityCredentials/made-by-terraform`;
    await rig.arm("PUT", `${credential}?api-version=2023-01-31`, {
      properties: { issuer, subject, audiences: ["api://AzureADTokenExchange"] },
    });
    const found = await foundBy(shared, sharedStack(), access);
    assert.deepEqual(offered(found), {
      "key-vault-vault": keyVaultId(place),
      "identity-identity": identityId(place),
      "identity-secrets-user": assignment,
    });
    assert.match(found[0]?.problem ?? "", /uses access policies, so role assignments have no effect/);
    assert.deepEqual(offered(await foundBy(federation, environment, access)), {
      "federation-vault-bootstrap-dev": credential,
    });
  });

  it("adopts them with the printed lines: nothing in Azure changes, and a second preview plans nothing", async () => {
    const adopt = offered(await foundBy(shared, sharedStack(), access));
    const stateOf = async (id: string, api: string) => (await rig.arm("GET", `${id}?api-version=${api}`)).body;
    const before = [await stateOf(keyVaultId(place), "2023-07-01"), await stateOf(identityId(place), "2023-01-31")];
    const stack = await engine.open(() => Promise.resolve(registerStack({ ...sharedStack(), adopt })));
    assert.deepEqual((await up(stack)).filter((step) => !step.includes("ameide-secrets:")).toSorted(), [
      "import azure-native:authorization:RoleAssignment identity-secrets-user",
      "import azure-native:keyvault:Vault key-vault-vault",
      "import azure-native:managedidentity:UserAssignedIdentity identity-identity",
    ]);
    const after = [await stateOf(keyVaultId(place), "2023-07-01"), await stateOf(identityId(place), "2023-01-31")];
    assert.deepEqual(after, before);
    assert.deepEqual(
      (await previewStack(stack, { policyPacks: [], signal: new AbortController().signal })).changes,
      [],
    );
  });

  it("names a secret that is not in the state, and the update after its adoption writes the value of .env", async () => {
    const plan = {
      ...sharedStack({ "ghcr-token": "from-dotenv" }),
      adopt: offered(await foundBy(shared, sharedStack(), access)),
    };
    const keyVault = rig.operatorClient();
    await keyVault.setSecret("ghcr-token", "by-hand");
    const stack = await engine.open(() => Promise.resolve(registerStack(plan)));
    const { changes } = await previewStack(stack, { policyPacks: [], signal: new AbortController().signal });
    const found = await foundBy(changes, plan, access);
    assert.deepEqual(offered(found), { "key-vault-ghcr-token": `${keyVaultId(place)}/secrets/ghcr-token` });
    assert.match(found[0]?.problem ?? "", /already has the secret ghcr-token, and this stack did not create it/);

    const adopt = { ...plan.adopt, ...offered(found) };
    assert.deepEqual(checkAdopted({ ...plan, adopt }, "shared"), []);
    assert.deepEqual(await up(await engine.open(() => Promise.resolve(registerStack({ ...plan, adopt })))), [
      "import azure-native:keyvault:Secret key-vault-ghcr-token",
    ]);
    assert.equal((await keyVault.getSecret("ghcr-token")).value, "by-hand");
    assert.deepEqual(await up(await engine.open(() => Promise.resolve(registerStack(plan)))), [
      "update azure-native:keyvault:Secret key-vault-ghcr-token",
    ]);
    assert.equal((await keyVault.getSecret("ghcr-token")).value, "from-dotenv");
  });

  it("ignores a soft-deleted secret, which azure-native recovers", async () => {
    const plan = sharedStack({ "ghcr-token": "from-dotenv" });
    await (await rig.operatorClient().beginDeleteSecret("ghcr-token")).pollUntilDone();
    const change: Change = {
      operation: "create",
      type: "azure-native:keyvault:Secret",
      name: "key-vault-ghcr-token",
      stage: "key-vault",
      differs: [],
      urn: "",
    };
    assert.deepEqual(await foundBy([change], plan, access), []);
  });

  it("connects to Azure only if something is created there", async () => {
    const closed = () => Promise.reject(new Error("opened for nothing"));
    const kept = shared.map((change): Change => ({ ...change, operation: "update" }));
    assert.deepEqual(await foundBy(kept, sharedStack(), { azure: closed }), []);
  });

  it("fails on what it may not read, instead of treating it as absent", async () => {
    const found = await foundBy(shared, sharedStack(), { azure: () => Promise.resolve(reader("nobody's token")) });
    assert.deepEqual(new Set(found.map(({ code }) => code)), new Set(["cannot-look"]));
  });
});
