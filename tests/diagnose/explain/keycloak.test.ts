import assert from "node:assert/strict";
import { explain } from "../../../diagnose/explain.ts";
import { healthy, print, seen, stack, unseen, valuesOf } from "../healthy.ts";

const vaultKey = "platform-app-client-secret";
const login = {
  externalSecret: "www-ameide-platform-auth-sync",
  authority: "keycloak" as const,
  producer: "keycloak-client-patcher",
  keys: { AUTH_KEYCLOAK_SECRET: vaultKey },
};
const expected = {
  ...stack,
  catalogue: {
    ...stack.catalogue,
    keycloakClients: [{ clientId: "platform-app", vaultKey }],
    inClusterDeliveries: { "www-ameide-platform-auth": login },
  },
};

/** Vault as the auditor's policy shows it, and the Secret that logins use with this in it. */
function delivered(looksLike: "value" | "fixture") {
  const before = healthy(expected);
  const secret = {
    namespace: "ameide-dev",
    name: "www-ameide-platform-auth",
    type: "Opaque",
    labels: {},
    keys: { AUTH_KEYCLOAK_SECRET: print("k", looksLike) },
  };
  const held = { path: vaultKey, state: "live" as const, version: 1, customMetadata: {} };
  return {
    ...before,
    vault: { ...before.vault, secrets: seen([...valuesOf(before.vault.secrets), held]) },
    secrets: seen([...valuesOf(before.secrets), secret]),
  };
}

describe("explainKeycloak", () => {
  it("recognises a fixture by the Secret that logins use if Vault's values may not be read", () => {
    const { causes, keycloak } = explain(delivered("fixture"), expected);
    assert.deepEqual(
      causes.map(({ code, evidence }) => [code, evidence[0]?.where]),
      [["keycloak-secret-placeholder", "Secret ameide-dev/www-ameide-platform-auth AUTH_KEYCLOAK_SECRET"]],
    );
    assert.deepEqual(keycloak, [{ clientId: "platform-app", vaultKey, state: "placeholder" }]);
  });
  it("reports a name as real if it has a real value there", () => {
    const { causes, keycloak } = explain(delivered("value"), expected);
    assert.deepEqual([causes, keycloak[0]?.state], [[], "real"]);
  });
  it("reports a name as unread, and nothing as wrong, if neither may be read", () => {
    const snapshot = { ...delivered("value"), secrets: unseen("forbidden") };
    assert.equal(explain(snapshot, expected).keycloak[0]?.state, "unread");
  });
  it("reports nothing in an environment without Keycloak", () =>
    assert.deepEqual(explain(healthy(expected), expected).keycloak, []));
});
