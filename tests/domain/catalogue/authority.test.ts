import assert from "node:assert/strict";
import { authorities } from "../../../domain/catalogue/catalogue.ts";
import { destinations, checkAuthority, conditions, type Circumstances } from "../../../domain/catalogue/authority.ts";

/** Everything that can allow a name, at once: what is refused even so is never allowed. */
const all: Circumstances = { "as-declared": true, "where-absent": true, "by-its-producer": true, "as-mirror": true };

describe("checkAuthority", () => {
  it("allows only external secrets in .env and Key Vault", () => {
    for (const destination of ["dotenv", "key-vault"] as const) {
      assert.deepEqual(
        authorities.filter((authority) => checkAuthority(destination, authority, all).ok),
        ["external"],
      );
    }
  });
  it("allows the bootstrap to write external values, and generated ones if none exists", () => {
    assert.deepEqual(
      authorities.filter((authority) => checkAuthority("vault-by-bootstrap", authority).ok),
      ["external"],
    );
    assert.deepEqual(
      authorities.filter((authority) => checkAuthority("vault-by-bootstrap", authority, all).ok),
      ["external", "generated"],
    );
  });
  it("allows other writers to write their own secrets to Vault, and mirrors of three owners", () => {
    const passing = (seen: Circumstances): readonly string[] =>
      authorities.filter((authority) => checkAuthority("vault-by-others", authority, seen).ok);
    assert.deepEqual(passing({}), []);
    assert.deepEqual(passing({ "by-its-producer": true }), ["keycloak", "service"]);
    assert.deepEqual(passing({ "as-mirror": true }), ["cnpg", "redis", "helm"]);
  });
  it("allows an ExternalSecret to read external secrets, and those of three owners as declared", () => {
    assert.deepEqual(
      authorities.filter((authority) => checkAuthority("external-secret", authority).ok),
      ["external"],
    );
    assert.deepEqual(
      authorities.filter((authority) => checkAuthority("external-secret", authority, all).ok),
      ["external", "keycloak", "service", "generated"],
    );
  });
  it("never allows an operator's, Helm's, cert-manager's or the cluster's own secret in an ExternalSecret or its target", () => {
    for (const authority of ["cnpg", "redis", "helm", "tls", "bootstrap"] as const) {
      assert.equal(checkAuthority("external-secret", authority, all).ok, false);
      assert.equal(checkAuthority("target-secret", authority, all).ok, false);
    }
  });
  it("meets each condition only in its own case", () => {
    for (const destination of destinations) {
      for (const authority of authorities) {
        const circumstance = conditions[destination][authority];
        if (circumstance === "always" || circumstance === "never") continue;
        assert.equal(checkAuthority(destination, authority, { [circumstance]: true }).ok, true);
        assert.equal(checkAuthority(destination, authority, { ...all, [circumstance]: false }).ok, false);
      }
    }
  });
  it("refuses a name that is not in the catalogue everywhere, and asks for a class", () => {
    for (const destination of destinations) {
      const verdict = checkAuthority(destination, undefined, all);
      assert.equal(verdict.ok, false);
      assert.match(verdict.ok ? "" : verdict.fix, /give it a class/);
    }
  });
  it("gives a reason with the owner, the destination and a fix for every refusal", () => {
    for (const destination of destinations) {
      for (const authority of authorities) {
        const verdict = checkAuthority(destination, authority);
        if (verdict.ok) continue;
        assert.match(verdict.reason, new RegExp(authority));
        assert.notEqual(verdict.fix, "");
      }
    }
  });
});

describe("conditions", () => {
  it("decides for every destination and authority", () => {
    assert.deepEqual(Object.keys(conditions), [...destinations]);
    for (const row of Object.values(conditions))
      assert.deepEqual(Object.keys(row).toSorted(), [...authorities].toSorted());
  });
});
