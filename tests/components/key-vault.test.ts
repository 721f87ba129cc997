import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { KeyVault } from "../../components/key-vault.ts";
import { Redacted } from "../../domain/redacted.ts";
import { recordStack } from "../support/record-stack.ts";
import { azure, companyStack } from "../support/stacks.ts";

const values = new Map([
  ["openai-api-key", new Redacted("canary-openai")],
  ["ghcr-token", new Redacted("canary-ghcr")],
]);

describe("KeyVault", () => {
  it("creates only the vault if values use the data plane", async () => {
    const created = await recordStack(() => new KeyVault("kv", { azure, secrets: new Map(), protect: true }));
    assert.deepEqual(
      created.map(({ type, name }) => `${type} ${name}`),
      ["ameide-secrets:key-vault:KeyVault kv", "azure-native:keyvault:Vault kv-vault"],
    );
  });

  it("creates the vault with RBAC only, purge protection and 90 days of soft delete", async () => {
    const created = await recordStack(() => new KeyVault("kv", { azure, secrets: new Map(), protect: true }));
    assert.deepEqual(created[1]?.inputs, {
      vaultName: "ameidekv",
      resourceGroupName: "Ameide",
      location: "westeurope",
      properties: {
        tenantId: azure.tenantId,
        sku: { family: "A", name: "standard" },
        enableRbacAuthorization: true,
        enableSoftDelete: true,
        enablePurgeProtection: true,
        softDeleteRetentionInDays: 90,
        // written out by the provider's own library
        enabledForDeployment: false,
        enabledForDiskEncryption: false,
        enabledForTemplateDeployment: false,
        publicNetworkAccess: "enabled",
      },
    });
  });

  it("gives a company's network rules, tier and tags to the vault, and the tags and a content type to every secret", async () => {
    const { azure: company } = companyStack();
    const [, vault, secret] = await recordStack(
      () => new KeyVault("kv", { azure: company, secrets: values, protect: true }),
    );
    assert.ok(vault !== undefined && secret !== undefined);
    const properties = vault.inputs["properties"] as Record<string, unknown>;
    assert.deepEqual(properties["sku"], { family: "A", name: "premium" });
    assert.equal(properties["publicNetworkAccess"], "enabled");
    assert.deepEqual(properties["networkAcls"], {
      defaultAction: "Deny",
      bypass: "None",
      ipRules: [{ value: "20.1.2.3/32" }],
      virtualNetworkRules: [{ id: company.network?.subnets[0] }],
    });
    assert.deepEqual([vault.inputs["tags"], secret.inputs["tags"]], [company.tags, company.tags]);
    assert.equal((secret.inputs["properties"] as Record<string, unknown>)["contentType"], "text/plain");
  });

  it("recovers a deleted vault on request, and does not replace it when the request is removed", async () => {
    const args = { azure: { ...azure, recover: true }, secrets: new Map(), protect: true };
    const vault = (await recordStack(() => new KeyVault("kv", args)))[1];
    assert.match(JSON.stringify(vault?.inputs), /"createMode":"recover"/);
    assert.deepEqual(vault?.options.ignoreChanges, ["properties.createMode"]);
  });

  it("creates one Secret per value, in the order of their names, each with its Key Vault name", async () => {
    const created = await recordStack(() => new KeyVault("kv", { azure, secrets: values, protect: true }));
    assert.deepEqual(
      created.slice(2).map(({ name, inputs }) => [name, inputs["secretName"], inputs["vaultName"]]),
      [
        ["kv-ghcr-token", "ghcr-token", "ameidekv"],
        ["kv-openai-api-key", "openai-api-key", "ameidekv"],
      ],
    );
  });

  it("marks every value secret before it leaves the program", async () => {
    const created = await recordStack(() => new KeyVault("kv", { azure, secrets: values, protect: true }));
    const secretPaths = created.slice(2).map(({ secretInputs }) => secretInputs);
    assert.deepEqual(secretPaths, [["properties.value"], ["properties.value"]]);
  });

  it("protects and retains vault and secrets if requested", async () => {
    const created = await recordStack(() => new KeyVault("kv", { azure, secrets: values, protect: true }));
    assert.deepEqual(
      created.filter(({ custom }) => custom).map(({ options }) => [options.protect, options.retainOnDelete]),
      [
        [true, true],
        [true, true],
        [true, true],
      ],
    );
  });

  it("outputs the versions of its secrets, and no secret", async () => {
    const created = await recordStack(
      () => {
        const { secretVersions } = new KeyVault("kv", { azure, secrets: values, protect: true });
        new pulumi.ComponentResource("test:Sink", "sink", { secretVersions });
      },
      // what azure-native answers is secret as a whole, since its input was
      ({ name }) => ({ properties: pulumi.secret({ secretUriWithVersion: `https://kv/secrets/${name}/1` }) }),
    );
    const sink = created.find(({ name }) => name === "sink");
    assert.deepEqual(sink?.inputs, {
      secretVersions: ["https://kv/secrets/kv-ghcr-token/1", "https://kv/secrets/kv-openai-api-key/1"],
    });
    assert.deepEqual(sink.secretInputs, []);
  });
});
