import assert from "node:assert/strict";
import { federatedSubject, checkFederation, checkStacks, type StackClaim } from "../../../domain/plan/stack-check.ts";
import type { EnvironmentName } from "../../../domain/stage.ts";
import { namespaceOf } from "../../../domain/names.ts";

const issuer = "https://issuer.example/one";

function vaultAt(address: string): StackClaim["vault"] {
  return { address, mount: "secret", authMount: "kubernetes" };
}

function claim(environment: EnvironmentName, changes: Partial<StackClaim> = {}): StackClaim {
  const oidcIssuer = changes.oidcIssuer ?? issuer;
  return {
    environment,
    where: `Pulumi.${environment}.yaml`,
    oidcIssuer,
    context: `ameide-${environment}`,
    namespaces: [namespaceOf(environment)],
    vault: vaultAt(`http://vault-core-${environment}.ameide-${environment}.svc.cluster.local:8200`),
    federated: federatedSubject(environment, oidcIssuer),
    ...changes,
  };
}

/** `code where: problem` of each finding. */
function reported(claims: readonly StackClaim[]): readonly string[] {
  return checkStacks(claims).map(({ code, where = "", problem }) => `${code} ${where}: ${problem}`);
}

describe("checkStacks", () => {
  it("allows three environments in one cluster, each with its own namespaces and Vault", () => {
    assert.deepEqual(reported([claim("dev"), claim("staging"), claim("prod")]), []);
  });

  it("refuses a namespace that two stacks of one cluster claim, naming both files", () => {
    const namespaces = (name: EnvironmentName): readonly string[] => [namespaceOf(name), "argocd"];
    assert.deepEqual(
      reported([claim("dev", { namespaces: namespaces("dev") }), claim("prod", { namespaces: namespaces("prod") })]),
      [
        "namespace-claimed-twice Pulumi.prod.yaml: dev (Pulumi.dev.yaml) and prod (Pulumi.prod.yaml) both create a store in argocd of one cluster",
      ],
    );
  });

  it("allows the same namespace in two clusters", () => {
    const namespaces = ["argocd"];
    assert.deepEqual(
      reported([claim("dev", { namespaces }), claim("prod", { namespaces, oidcIssuer: "https://issuer.example/two" })]),
      [],
    );
  });

  it("refuses a Vault address of another environment", () => {
    assert.deepEqual(reported([claim("dev", { vault: vaultAt("http://vault-core-prod.ameide-prod.svc:8200") })]), [
      "vault-of-another-environment Pulumi.dev.yaml: vault.address of dev is the address of prod's Vault: http://vault-core-prod.ameide-prod.svc:8200",
    ]);
    assert.match(
      reported([claim("prod", { vault: vaultAt("https://vault.ameide-dev.example") })])[0] ?? "",
      /^vault-of-another-environment/,
    );
  });

  it("allows a Vault address that only contains another environment's name", () => {
    assert.deepEqual(reported([claim("dev", { vault: vaultAt("https://vault.production.example") })]), []);
  });

  it("refuses two environments on one Vault: their roles have the same names", () => {
    const vault = vaultAt("https://vault.example");
    const claims = [claim("dev", { vault }), claim("staging", { vault, oidcIssuer: "https://issuer.example/two" })];
    assert.deepEqual(reported(claims), [
      "vault-role-collides Pulumi.staging.yaml: dev (Pulumi.dev.yaml) and staging (Pulumi.staging.yaml) both write the role ameide-secrets-bootstrap to https://vault.example",
    ]);
  });

  it("allows one cluster-local name in two clusters, which are two Vaults", () => {
    const vault = vaultAt("http://vault.vault.svc.cluster.local:8200");
    assert.deepEqual(
      reported([claim("dev", { vault }), claim("prod", { vault, oidcIssuer: "https://issuer.example/two" })]),
      [],
    );
    assert.match(reported([claim("dev", { vault }), claim("prod", { vault })])[0] ?? "", /^vault-role-collides/);
  });

  it("refuses one context for two clusters", () => {
    const claims = [
      claim("dev", { context: "aks" }),
      claim("prod", { context: "aks", oidcIssuer: "https://issuer.example/two" }),
    ];
    assert.match(
      reported(claims)[0] ?? "",
      /^cluster-context-shared Pulumi\.prod\.yaml: dev .* and prod .* use the context aks/,
    );
  });
});

describe("checkFederation", () => {
  const subject = federatedSubject("dev", issuer);
  it("refuses more than 20 federated credentials on one identity", () => {
    const many = (count: number): readonly string[] =>
      checkFederation(
        Array.from({ length: count }, (_, at) => ({ ...subject, name: `n${at}`, subject: `s${at}` })),
      ).map(({ code }) => code);
    assert.deepEqual(many(20), []);
    assert.deepEqual(many(21), ["federation-over-cap"]);
  });
  it("refuses two with one subject, and two with one name", () => {
    assert.deepEqual(
      checkFederation([subject, { ...subject, name: "other" }]).map(({ code }) => code),
      ["federation-subject-twice"],
    );
    assert.deepEqual(
      checkFederation([subject, { ...subject, subject: "other" }]).map(({ code }) => code),
      ["federation-name-twice"],
    );
  });
  it("allows the same subject with two issuers, which are two clusters", () => {
    assert.deepEqual(
      checkFederation([subject, { ...subject, name: "other", issuer: "https://issuer.example/two" }]),
      [],
    );
  });
});
