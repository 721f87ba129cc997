import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { RoleAssignment } from "@pulumi/azure-native/authorization/index.js";
import { Secret, Vault } from "@pulumi/azure-native/keyvault/index.js";
import { FederatedIdentityCredential, UserAssignedIdentity } from "@pulumi/azure-native/managedidentity/index.js";
import { Provider } from "@pulumi/azure-native/provider.js";
import { ResourceGroup } from "@pulumi/azure-native/resources/index.js";
import { secret } from "@pulumi/pulumi";
import type { AzureTarget } from "../../domain/plan/environment.ts";
import { keyVaultInputs } from "../../domain/resources/azure-inputs.ts";
import { AzureRig, group, identityId, secretsUser, subscription, vaultId } from "../stand-ins/azure/rig.ts";
import { useEngine, type Program } from "../support/engine.ts";
import { companyStack } from "../support/stacks.ts";
import { preview, up } from "./live-providers.ts";

const subscriptionId = subscription.slice("/subscriptions/".length);

interface Changes {
  readonly value?: string;
  readonly issuer?: string;
  readonly location?: string;
  readonly description?: string;
  readonly createMode?: "recover";
  /** As the component of the Key Vault writes them. */
  readonly company?: AzureTarget;
}

/** What the settings of a company change in a Key Vault. */
function closed(place: AzureTarget) {
  const { sku, publicNetworkAccess, networkAcls } = keyVaultInputs(place).properties;
  return { sku, publicNetworkAccess, ...(networkAcls && { networkAcls }) };
}

describe("azure-native with the stand-in of its provider, on the Azure stand-in", function () {
  this.timeout(120_000);
  let azure: AzureRig;
  before(async () => {
    azure = await AzureRig.start({ subscriptionId });
  });
  after(() => azure.stop());

  const engine = useEngine("local", () => ({ ...azure.providers, journalPath: join(azure.dir, "made") }));

  const objects =
    (changes: Changes = {}): Program =>
    () => {
      const provider = new Provider("azure", { subscriptionId });
      const options = { provider };
      const resources = new ResourceGroup("group", { resourceGroupName: "Ameide", location: "westeurope" }, options);
      const inGroup = { resourceGroupName: resources.name };
      const vault = new Vault(
        "vault",
        {
          ...inGroup,
          vaultName: "ameidekv",
          location: "westeurope",
          properties: {
            sku: { family: "A", name: "standard" },
            tenantId: azure.azure.tenantId,
            enableRbacAuthorization: true,
            enablePurgeProtection: true,
            ...(changes.company && closed(changes.company)),
            ...(changes.createMode && { createMode: changes.createMode }),
          },
          ...(changes.company?.tags && { tags: changes.company.tags }),
        },
        options,
      );
      new Secret(
        "secret",
        {
          ...inGroup,
          vaultName: vault.name,
          secretName: "env-ghcr-token",
          properties: { value: secret(changes.value ?? "canary-value") },
        },
        options,
      );
      const identity = new UserAssignedIdentity(
        "identity",
        { ...inGroup, resourceName: "ameide-vault-bootstrap-mi", location: changes.location ?? "westeurope" },
        options,
      );
      for (const environment of ["dev", "staging"]) {
        new FederatedIdentityCredential(
          environment,
          {
            ...inGroup,
            resourceName: identity.name,
            federatedIdentityCredentialResourceName: `vault-bootstrap-${environment}`,
            issuer: changes.issuer ?? "https://issuer",
            subject: `system:serviceaccount:ameide-${environment}:bootstrap`,
            audiences: ["api://AzureADTokenExchange"],
          },
          options,
        );
      }
      new RoleAssignment(
        "assignment",
        {
          scope: vault.id,
          roleAssignmentName: "5a1a9c1e-0000-4000-8000-000000000001",
          principalId: identity.principalId,
          principalType: "ServicePrincipal",
          roleDefinitionId: `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${secretsUser}`,
          ...(changes.description && { description: changes.description }),
        },
        options,
      );
      return Promise.resolve({
        vaultUri: vault.properties.vaultUri,
        vaultId: vault.id,
        clientId: identity.clientId,
      });
    };

  it("creates what is planned, with Azure's ids and computed outputs, and then plans nothing", async () => {
    const stack = await engine.open(objects());
    assert.equal((await up(stack)).length, 7);
    const outputs = await stack.outputs();
    const identity = await azure.arm("GET", identityId);
    assert.equal(outputs["vaultId"]?.value, vaultId);
    assert.equal(outputs["vaultUri"]?.value, `${azure.azure.origin}/`);
    assert.equal(outputs["clientId"]?.value, identity.body.properties.clientId);
    assert.deepEqual(await preview(stack), []);
  });

  it("writes no value in clear to the state, and none to the outputs", async () => {
    const state = readFileSync(join(engine.folder, "state/.pulumi/stacks/ameide-secrets/local.json"), "utf8");
    assert.equal(state.includes("azure-native:keyvault:Secret"), true);
    assert.equal(state.includes("canary-value"), false);
    assert.equal(state.includes(azure.azure.operatorToken), false);
    const { deployment } = await (await engine.open(objects())).exportStack();
    const resources = deployment.resources as { type: string; outputs?: { properties?: object } }[];
    const made = resources.find(({ type }) => type === "azure-native:keyvault:Secret");
    assert.equal("value" in (made?.outputs?.properties ?? {}), false);
  });

  it("updates in place what Azure allows to change", async () => {
    const stack = await engine.open(objects({ value: "another", issuer: "https://other" }));
    assert.deepEqual((await up(stack)).toSorted(), [
      "update azure-native:keyvault:Secret secret",
      "update azure-native:managedidentity:FederatedIdentityCredential dev",
      "update azure-native:managedidentity:FederatedIdentityCredential staging",
    ]);
    const credential = await azure.arm("GET", `${identityId}/federatedIdentityCredentials/vault-bootstrap-dev`);
    assert.equal(credential.body.properties.issuer, "https://other");
  });

  it("updates a Key Vault for other network rules, tier and tags, and never replaces it", async () => {
    const changes = { value: "another", issuer: "https://other" };
    const { azure: company } = companyStack();
    const update = ["update azure-native:keyvault:Vault vault"];
    assert.deepEqual(await up(await engine.open(objects({ ...changes, company }))), update);
    const { body } = await azure.arm("GET", vaultId);
    assert.equal(body.properties.networkAcls.defaultAction, "Deny");
    assert.deepEqual(body.tags, company.tags);
    const network = { publicAccess: false, addresses: [], subnets: [], trustedServices: true };
    assert.deepEqual(await up(await engine.open(objects({ ...changes, company: { ...company, network } }))), update);
    assert.equal((await azure.arm("GET", vaultId)).body.properties.publicNetworkAccess, "disabled");
    assert.deepEqual(await up(await engine.open(objects(changes))), update);
  });

  it("plans to replace a resource with another location, and what its new outputs replace", async () => {
    const stack = await engine.open(objects({ value: "another", issuer: "https://other", location: "northeurope" }));
    const replaced = (await preview(stack)).filter((step) => step.startsWith("replace ")).toSorted();
    assert.deepEqual(replaced, [
      "replace azure-native:authorization:RoleAssignment assignment",
      "replace azure-native:managedidentity:FederatedIdentityCredential dev",
      "replace azure-native:managedidentity:FederatedIdentityCredential staging",
      "replace azure-native:managedidentity:UserAssignedIdentity identity",
    ]);
  });

  it("plans to replace a vault for another createMode, which Azure uses only at creation", async () => {
    const stack = await engine.open(objects({ value: "another", issuer: "https://other", createMode: "recover" }));
    assert.equal((await preview(stack)).includes("replace azure-native:keyvault:Vault vault"), true);
  });

  it("sees drift after a refresh, and keeps the value that Azure never returns", async () => {
    const stack = await engine.open(objects({ value: "another", issuer: "https://other" }));
    const dev = `${identityId}/federatedIdentityCredentials/vault-bootstrap-dev`;
    const { body } = await azure.arm("GET", dev);
    await azure.arm("PUT", dev, { properties: { ...body.properties, issuer: "https://drifted" } });
    await azure.arm("DELETE", `${identityId}/federatedIdentityCredentials/vault-bootstrap-staging`);
    await stack.refresh();
    assert.deepEqual((await preview(stack)).toSorted(), [
      "create azure-native:managedidentity:FederatedIdentityCredential staging",
      "update azure-native:managedidentity:FederatedIdentityCredential dev",
    ]);
    await up(stack);
    assert.deepEqual(await preview(stack), []);
  });

  it("adopts what it created in an update that ended before its state was written", async () => {
    const made = objects({ value: "another", issuer: "https://other" });
    const stack = await engine.open(async () => {
      await made();
      const provider = new Provider("second", { subscriptionId });
      new ResourceGroup("more", { resourceGroupName: "More", location: "westeurope" }, { provider });
    });
    const before = await stack.exportStack();
    await up(stack);
    await stack.importStack(before);
    assert.deepEqual(await up(stack), ["create azure-native:resources:ResourceGroup more"]);
    assert.deepEqual(await up(await engine.open(made)), ["delete azure-native:resources:ResourceGroup more"]);
  });

  it("fails to create what already exists, naming it", async () => {
    await azure.arm("PUT", `${subscription}/resourceGroups/Theirs`, { location: "westeurope" });
    const stack = await engine.open(async () => {
      await objects({ value: "another", issuer: "https://other" })();
      const provider = new Provider("second", { subscriptionId });
      new ResourceGroup("theirs", { resourceGroupName: "Theirs", location: "westeurope" }, { provider });
    });
    await assert.rejects(up(stack), /cannot create already existing resource '\/subscriptions\/.*\/Theirs'/);
  });

  it("recovers a secret that was deleted by hand, and writes the program's value as a new version", async () => {
    const stack = await engine.open(objects({ value: "another", issuer: "https://other" }));
    const keyVault = azure.operatorClient();
    const before = await keyVault.getSecret("env-ghcr-token");
    await (await keyVault.beginDeleteSecret("env-ghcr-token")).pollUntilDone();
    await stack.refresh();
    assert.deepEqual(await up(stack), ["create azure-native:keyvault:Secret secret"]);
    assert.equal((await keyVault.getSecret("env-ghcr-token")).value, "another");
    const old = await keyVault.getSecret("env-ghcr-token", { version: before.properties.version ?? "" });
    assert.equal(old.value, before.value);
    assert.deepEqual(await preview(stack), []);
  });

  it("destroys what it created: the vault is soft-deleted, so its name stays taken", async () => {
    const stack = await engine.open(objects({ value: "another", issuer: "https://other" }));
    await stack.destroy();
    assert.equal((await azure.arm("GET", group)).status, 404);
    await assert.rejects(
      up(stack),
      /Status=409 Code="ConflictError" Message="A vault with the same name already exists/,
    );
  });
});
