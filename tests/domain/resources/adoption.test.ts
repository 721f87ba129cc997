import assert from "node:assert/strict";
import { adoptables, adoptionLine, checkAdopted } from "../../../domain/resources/adoption.ts";
import { environmentStack, localStack, sharedStack } from "../../support/stacks.ts";

describe("adoptables", () => {
  it("lists what may exist before this program, and no Kubernetes object", () => {
    const names = [...adoptables(sharedStack()), ...adoptables(environmentStack("dev"))].map(
      ({ resource }) => resource,
    );
    assert.deepEqual(
      names.filter((name) => !name.startsWith("vault-")),
      ["key-vault-vault", "identity-identity", "identity-secrets-user", "federation-vault-bootstrap-dev"],
    );
    assert.deepEqual(
      adoptables(localStack({ "ghcr-token": "value" }))
        .map(({ resource }) => resource)
        .filter((name) => !name.startsWith("vault-")),
      [
        "key-vault-vault",
        "key-vault-ghcr-token",
        "identity-identity",
        "identity-secrets-user",
        "federation-vault-bootstrap-local",
      ],
    );
    for (const name of ["vault-engine-kv", "vault-engine-keycloak-client-patcher", "vault-auth-config"]) {
      assert.ok(names.includes(name), name);
    }
  });
});

describe("checkAdopted", () => {
  it("accepts a resource by this stack's own id, in any case: Azure's ids ignore case", () => {
    const { azure } = sharedStack();
    const id = `/subscriptions/${azure.subscriptionId}/resourcegroups/ameide/providers/microsoft.keyvault/vaults/ameidekv`;
    assert.deepEqual(checkAdopted({ ...sharedStack(), adopt: { "key-vault-vault": id } }, "shared"), []);
  });

  it("accepts any id if others chose a part of it", () =>
    assert.deepEqual(
      checkAdopted({ ...environmentStack("dev"), adopt: { "federation-vault-bootstrap-dev": "/x" } }, "dev"),
      [],
    ));

  it("refuses ids of other resources, and names that are not in this stack, together with the fix", () => {
    const found = checkAdopted(
      { ...environmentStack("dev"), adopt: { "vault-engine-kv": "kv", "vault-engine-kw": "x" } },
      "dev",
    );
    assert.deepEqual(
      found.map(({ where, problem }) => `${where}: ${problem}`),
      [
        'Pulumi.dev.yaml: adopt: "vault-engine-kv" is "kv", but the id in this stack is "secret"',
        'Pulumi.dev.yaml: adopt: "vault-engine-kw" is not a resource that the stack dev can adopt',
      ],
    );
    assert.equal(found[0]?.fix, 'adopt: { vault-engine-kv: "secret" }');
    assert.match(found[1]?.fix ?? "", /^did you mean "vault-engine-kv"\?/);
  });
});

describe("adoptionLine", () => {
  it("shows what to add, and where", () =>
    assert.equal(
      adoptionLine("dev", "vault-engine-kv", "secret"),
      'adopt it unchanged, in Pulumi.dev.yaml under ameide-secrets:settings: adopt: { vault-engine-kv: "secret" }',
    ));
});
