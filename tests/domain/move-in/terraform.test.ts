import assert from "node:assert/strict";
import { readTerraform, removedBlocks, stateRemovals, takenOver } from "../../../domain/move-in/terraform.ts";
import { identityId, keyVaultId } from "../../../domain/resources/azure-inputs.ts";
import { UserError } from "../../../domain/user-error.ts";
import { environmentStack, sharedStack } from "../../support/stacks.ts";

const vault = keyVaultId(sharedStack().azure);
const secret = (key: string, value = "canary") => ({
  index_key: key,
  attributes: {
    name: key,
    value,
    key_vault_id: vault.toUpperCase(),
    id: `https://ameidekv.vault.azure.net/secrets/${key}/1`,
  },
});
const state = (resources: readonly object[]) => JSON.stringify({ version: 4, terraform_version: "1.9.0", resources });
const managed = (type: string, instances: readonly object[], rest: object = {}) => ({
  mode: "managed",
  type,
  name: "this",
  instances,
  ...rest,
});
const addresses = (text: string, plan: Parameters<typeof takenOver>[1] = sharedStack()) =>
  takenOver(readTerraform(text, "state.json"), plan).map(({ address }) => address);

describe("what Terraform must release", () => {
  it("is found in a state file: addresses with modules and quoted keys, and only what this stack adopts", () => {
    const text = state([
      managed("azurerm_key_vault", [{ attributes: { id: vault } }], { module: "module.keyvault" }),
      managed("azurerm_key_vault", [{ attributes: { id: `${vault}-of-another` } }], { name: "other" }),
      managed("azurerm_key_vault_secret", [secret("ghcr-token"), secret(`a"]b`)]),
      managed("azurerm_key_vault_secret", [{ attributes: { name: "x", key_vault_id: "/other" } }], { name: "other" }),
      { ...managed("azurerm_key_vault", [{ attributes: { id: vault } }]), mode: "data" },
      managed("azurerm_user_assigned_identity", [
        { index_key: 0, attributes: { id: identityId(sharedStack().azure) } },
      ]),
    ]);
    const found = takenOver(readTerraform(text, "state.json"), sharedStack());
    assert.deepEqual(
      found.map(({ address }) => address),
      [
        "module.keyvault.azurerm_key_vault.this",
        'azurerm_key_vault_secret.this["ghcr-token"]',
        String.raw`azurerm_key_vault_secret.this["a\"]b"]`,
        "azurerm_user_assigned_identity.this[0]",
      ],
    );
    assert.equal(
      stateRemovals(found.slice(0, 2)),
      `terraform state rm module.keyvault.azurerm_key_vault.this\nterraform state rm 'azurerm_key_vault_secret.this["ghcr-token"]'`,
    );
    assert.deepEqual(removedBlocks(found).match(/from = .*/g), [
      "from = module.keyvault.azurerm_key_vault.this",
      "from = azurerm_key_vault_secret.this",
      "from = azurerm_user_assigned_identity.this",
    ]);
    assert.doesNotMatch(JSON.stringify(found), /canary/);
  });

  it("is found in terraform show -json, of a state with modules and of a plan with its actions", () => {
    const subject = environmentStack("dev").federated.subject;
    const address = 'module.login["a.b"].azurerm_federated_identity_credential.this["vault-bootstrap-dev"]';
    const login = { address, mode: "managed", type: "azurerm_federated_identity_credential", values: { subject } };
    const values = { root_module: { child_modules: [{ resources: [login], child_modules: [] }] } };
    const shown = JSON.stringify({ format_version: "1.0", terraform_version: "1.9.0", values });
    assert.deepEqual(addresses(shown, environmentStack("dev")), [address]);
    assert.deepEqual(addresses(shown, environmentStack("staging")), []);
    const plan = readTerraform(
      JSON.stringify({
        format_version: "1.2",
        planned_values: {},
        prior_state: { format_version: "1.0", values },
        resource_changes: [{ address, change: { actions: ["delete"] } }],
      }),
      "-",
    );
    assert.deepEqual(plan.actions?.get(address), ["delete"]);
    const [found] = takenOver(plan, environmentStack("dev"));
    assert.match(
      removedBlocks(found === undefined ? [] : [found]),
      /^removed \{\n {2}from = module\.login\.azurerm_federated_identity_credential\.this\n/,
    );
  });

  it("refuses any other file, without quoting it", () => {
    for (const text of [
      "canary",
      '{"version":3,"resources":"canary"}',
      '{"format_version":"2.0"}',
      '{"a":"canary"}',
      "[]",
    ])
      assert.throws(
        () => readTerraform(text, "state.json"),
        (error: unknown) => {
          assert.ok(error instanceof UserError);
          assert.equal(error.code, "terraform-unreadable");
          assert.match(error.message, /^state\.json is not a Terraform state/);
          assert.doesNotMatch(error.message, /canary/);
          return true;
        },
      );
  });
});
