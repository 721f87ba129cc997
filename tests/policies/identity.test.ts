import assert from "node:assert/strict";
import { changed, type Sample } from "./examples/example.ts";
import { container, credential, cronJob, roleAssignment } from "./examples/samples.ts";
import { saidBy, unknown } from "../support/policy.ts";

const role = (guid: string): string => `/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/${guid}`;
const acrPull = role("7f951dda-4ed3-4680-a7ca-43fe172d538d");
const registry = "/subscriptions/s/resourceGroups/Ameide/providers/Microsoft.ContainerRegistry/registries/ameide";

describe("rule identity-role", () => {
  it("ignores other roles on other resources", () =>
    assert.deepEqual(
      saidBy("identity-role", changed(roleAssignment, [["roleDefinitionId"], acrPull], [["scope"], registry])),
      [],
    ));
  it("refuses an unknown role on a Key Vault", () =>
    assert.deepEqual(saidBy("identity-role", changed(roleAssignment, [["roleDefinitionId"], acrPull])), [
      'assigns the role "7f951dda-4ed3-4680-a7ca-43fe172d538d" on a Key Vault; set Key Vault Secrets User',
    ]));
  it("refuses Owner on every scope", () =>
    assert.deepEqual(
      saidBy(
        "identity-role",
        changed(
          roleAssignment,
          [["roleDefinitionId"], role("8e3af657-a8ff-443c-a75c-2fe8c4bcb635")],
          [["scope"], registry],
        ),
      ),
      ["assigns Owner; set Key Vault Secrets User"],
    ));
  it("recognises roles by name, as the classic provider accepts them", () => {
    const named = (name: string): Sample =>
      changed(roleAssignment, [["roleDefinitionId"], undefined], [["roleDefinitionName"], name], [["scope"], registry]);
    assert.deepEqual(saidBy("identity-role", named("Key Vault Secrets Officer")), [
      "assigns Key Vault Secrets Officer; set Key Vault Secrets User",
    ]);
    assert.deepEqual(saidBy("identity-role", named("AcrPull")), []);
  });
});

describe("rule identity-scope", () => {
  it("allows one secret of the vault", () =>
    assert.deepEqual(
      saidBy(
        "identity-scope",
        changed(roleAssignment, [
          ["scope"],
          "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v/secrets/ghcr-token",
        ]),
      ),
      [],
    ));
});

describe("rule identity-subject", () => {
  it("ignores identities of other programs", () =>
    assert.deepEqual(
      saidBy(
        "identity-subject",
        changed(credential, [["subject"], "system:serviceaccount:ameide-dev:postgres-ameide"]),
      ),
      [],
    ));
  it("refuses a subject with a wildcard", () =>
    assert.equal(
      saidBy("identity-subject", changed(credential, [["subject"], "system:serviceaccount:ameide-*:x"])).length,
      1,
    ));
  it("allows every environment's in the shared stack", () =>
    assert.deepEqual(
      saidBy(
        "identity-subject",
        changed(credential, [
          ["subject"],
          "system:serviceaccount:ameide-dev:foundation-vault-bootstrap-vault-bootstrap",
        ]),
        "shared",
      ),
      [],
    ));
});

describe("rule identity-issuer", () => {
  it("allows an issuer on this machine in local only", () => {
    const here = changed(credential, [["issuer"], "https://127.0.0.1:28202"]);
    assert.deepEqual(saidBy("identity-issuer", here, "local"), []);
    assert.deepEqual(saidBy("identity-issuer", here), [
      'issuer "https://127.0.0.1:28202" is on this machine; Entra cannot reach it',
    ]);
  });
});

describe("rule identity-credential-cap", () => {
  it("does not need the identity's name if there are too few credentials", () => {
    const sample = changed(
      credential,
      [["resourceName"], unknown],
      [["subject"], "system:serviceaccount:ameide-prod:another"],
    );
    assert.deepEqual(saidBy("identity-credential-cap", sample), []);
  });
});

describe("rule identity-client-id-literal", () => {
  const variable = (name: string, value: string): Sample => ({
    ...changed(cronJob, [
      [...container, "env"],
      [
        { name: "VAULT_ADDR", value: "44444444-4444-4444-8444-444444444444" },
        { name, value },
      ],
    ]),
    computed: [],
  });
  it("refuses one in the environment of a pod", () =>
    assert.deepEqual(
      saidBy("identity-client-id-literal", variable("AZURE_CLIENT_ID", "44444444-4444-4444-8444-444444444444")),
      ["its client id is a literal; pass the identity's output"],
    ));
  it("allows the placeholder id of an offline plan", () =>
    assert.deepEqual(
      saidBy("identity-client-id-literal", variable("AZURE_CLIENT_ID", "00000000-0000-0000-0000-000000000000")),
      [],
    ));
  it("ignores other variables", () =>
    assert.deepEqual(
      saidBy("identity-client-id-literal", variable("AZURE_TENANT_ID", "44444444-4444-4444-8444-444444444444")),
      [],
    ));
});
