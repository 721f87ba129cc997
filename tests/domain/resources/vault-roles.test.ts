import assert from "node:assert/strict";
import { vaultPolicies, vaultRoles } from "../../../domain/resources/vault-policies.ts";
import { environmentStack, seedCatalogue } from "../../support/stacks.ts";

describe("vaultRoles", () => {
  it("gives each consumer its own role, account and policy", () =>
    assert.deepEqual(vaultRoles(environmentStack()), [
      {
        name: "ameide-secrets-reader-ameide-dev",
        namespace: "ameide-dev",
        serviceAccount: "ameide-vault-reader",
        policy: "ameide-secrets-reader-ameide-dev",
      },
      {
        name: "ameide-secrets-reader-argocd",
        namespace: "argocd",
        serviceAccount: "ameide-vault-reader",
        policy: "ameide-secrets-reader-argocd",
      },
      {
        name: "ameide-secrets-bootstrap",
        namespace: "ameide-dev",
        serviceAccount: "foundation-vault-bootstrap-vault-bootstrap",
        policy: "ameide-secrets-bootstrap",
        noDefaultPolicy: true,
      },
      {
        name: "ameide-secrets-keycloak-client-patcher",
        namespace: "ameide-dev",
        serviceAccount: "keycloak-client-patcher",
        policy: "keycloak-client-patcher",
      },
    ]));

  it("gives vault-bootstrap a role for each part of many paths", () => {
    const stack = environmentStack();
    const mappedSecrets = Array.from({ length: 100 }, (_none, n) => ({ from: "ghcr-token", to: `copy-${n}` }));
    const bootstrap = { ...stack.bootstrap, config: { ...stack.bootstrap.config, mappedSecrets } };
    const parts = [1, 2, 3, 4].map((part) => `ameide-secrets-bootstrap-${part}-of-4`);
    const names = vaultRoles({ ...stack, bootstrap }).map(({ name }) => name);
    assert.deepEqual(
      names.filter((name) => name.startsWith("ameide-secrets-bootstrap")),
      parts,
    );
    assert.deepEqual(
      vaultPolicies({ ...stack, bootstrap })
        .map(({ name }) => name)
        .filter((name) => name.startsWith("ameide-secrets-bootstrap")),
      parts,
    );
  });

  it("does not change the existing role of the client-patcher", () =>
    assert.ok(!vaultRoles(environmentStack()).some(({ name }) => name === "keycloak-client-patcher")));

  it("has none for the client-patcher if no client is declared", () => {
    const catalogue = { ...seedCatalogue, keycloakClients: [] };
    assert.deepEqual(
      vaultRoles(environmentStack("dev", {}, { catalogue })).map(({ name }) => name),
      ["ameide-secrets-reader-ameide-dev", "ameide-secrets-reader-argocd", "ameide-secrets-bootstrap"],
    );
  });
});
