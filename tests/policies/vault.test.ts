import assert from "node:assert/strict";
import { changed, type Sample } from "./examples/example.ts";
import { authConfig, authRole, jwtBackend, jwtRole, secretStore } from "./examples/samples.ts";
import { judgeEach } from "../../policies/rule.ts";
import { markedSecret, Undecided } from "../../policies/subject/reading.ts";
import { saidBy } from "../support/policy.ts";

const endpoint = (path: string, dataJson: string): Sample => ({
  type: "vault:generic/endpoint:Endpoint",
  props: { path, dataJson },
});

describe("rule vault-reviewer-token", () => {
  it("refuses one that is written with a generic resource", () =>
    assert.deepEqual(saidBy("vault-reviewer-token", endpoint("auth/kubernetes/config", '{"token_reviewer_jwt":"x"}')), [
      "writes token_reviewer_jwt; remove it",
    ]));
  it("allows a correct configuration in a generic resource, and other writes", () => {
    assert.deepEqual(saidBy("vault-reviewer-token", endpoint("auth/kubernetes/config", '{"kubernetes_host":"x"}')), []);
    assert.deepEqual(
      saidBy("vault-reviewer-token", endpoint("auth/kubernetes/role/x", '{"token_reviewer_jwt":"x"}')),
      [],
    );
  });
  it("refuses a token that is secret or unknown", () =>
    assert.equal(saidBy("vault-reviewer-token", changed(authConfig, [["tokenReviewerJwtWo"], "x"])).length, 1));
});

describe("rule vault-auth-config", () => {
  it("allows Vault outside a pod in local only", () => {
    const outside = changed(
      authConfig,
      [["kubernetesHost"], "https://127.0.0.1:28202"],
      [["disableLocalCaJwt"], true],
      [["kubernetesCaCert"], "PEM"],
    );
    assert.deepEqual(saidBy("vault-auth-config", outside, "local"), []);
    assert.equal(saidBy("vault-auth-config", outside).length, 3);
  });
});

describe("rule vault-role-account", () => {
  for (const [key, value] of [
    ["boundServiceAccountNames", "*"],
    ["boundServiceAccountNamespaces", "*"],
    ["boundServiceAccountNamespaces", "pr-*"],
  ] as const) {
    it(`refuses ${key} "${value}"`, () =>
      assert.equal(saidBy("vault-role-account", changed(authRole, [[key], [value]])).length, 1));
  }
});

describe("rule vault-login-bound", () => {
  const rule = "vault-login-bound";
  it("refuses a wildcard in a claim that is matched as a glob, and allows it otherwise", () => {
    const wild = changed(jwtRole, [["boundClaims", "repository"], "ameideio/*"]);
    assert.deepEqual(saidBy(rule, wild), []);
    assert.deepEqual(saidBy(rule, changed(wild, [["boundClaimsType"], "glob"])), [
      'binds repository to "ameideio/*"; name each value',
    ]);
  });
  it("refuses a token that is valid for more than an hour, or without a limit", () => {
    assert.deepEqual(saidBy(rule, changed(jwtRole, [["tokenTtl"], 7200], [["tokenMaxTtl"], 0])), [
      "tokenTtl is 7200 s; set at most 3600",
      "tokenMaxTtl is not set; set at most 3600",
    ]);
  });
  it("allows a subject in place of claims, another service's claim, and people who log in with a browser", () => {
    const bare = changed(jwtRole, [["boundClaims"], undefined]);
    assert.equal(saidBy(rule, bare).length, 1);
    for (const allowed of [
      changed(bare, [["boundSubject"], "repo:ameideio/ameide-secrets:environment:prod"]),
      changed(jwtRole, [["boundClaims"], { project_path: "platform/secrets" }]),
      changed(bare, [["roleType"], "oidc"], [["tokenTtl"], undefined]),
    ])
      assert.deepEqual(saidBy(rule, allowed), []);
  });
  it("judges the type under the name of a local Terraform package", () =>
    assert.equal(saidBy(rule, { ...changed(jwtRole, [["boundAudiences"], []]), type: "vault:index/jwtAuthBackendRole:JwtAuthBackendRole" }).length, 1)); // prettier-ignore
});

describe("rule vault-login-issuer", () => {
  it("does not require an issuer for oidc, which has discovery", () =>
    assert.deepEqual(saidBy("vault-login-issuer", changed(jwtBackend, [["type"], "oidc"], [["boundIssuer"], ""])), []));
});

describe("rule vault-role-audience", () => {
  it("allows an audience that every store of the role requests", () => {
    const asking = changed(
      secretStore,
      [["spec", "provider", "vault", "auth", "kubernetes", "serviceAccountRef", "audiences"], ["vault"]],
      [["metadata", "namespace"], "x"],
    );
    const audience = changed(authRole, [["audience"], "vault"], [["roleName"], "another"]);
    assert.deepEqual(saidBy("vault-role-audience", asking), []);
    assert.deepEqual(saidBy("vault-role-audience", audience), [
      'requires the audience "vault", but no store requests it',
    ]);
  });
});

describe("rule vault-auto-credentials", () => {
  const named = (name: string): Sample => ({
    type: "kubernetes:core/v1:Secret",
    props: { metadata: { name, namespace: "ameide-prod" } },
  });
  it("refuses the Secret itself, and no other", () => {
    assert.deepEqual(saidBy("vault-auto-credentials", named("vault-auto-credentials")), [
      "holds Vault's root token and unseal key; remove it",
    ]);
    assert.deepEqual(saidBy("vault-auto-credentials", named("ghcr-pull")), []);
  });
});

describe("rule secretness-unmarked-value", () => {
  const secret = (props: Readonly<Record<string, unknown>>): Sample => ({ type: "kubernetes:core/v1:Secret", props });
  it("allows data that is marked as a whole", () =>
    assert.deepEqual(saidBy("secretness-unmarked-value", secret({ data: markedSecret })), []));
  it("refuses each plain key of data", () =>
    assert.deepEqual(
      saidBy("secretness-unmarked-value", secret({ data: { a: "x", b: markedSecret }, stringData: { c: "x" } })),
      ["is not marked secret", "is not marked secret"],
    ));
});

describe("judgeEach", () => {
  const judged = (...items: readonly (readonly string[] | Undecided)[]): readonly string[] =>
    judgeEach(items, (item) => {
      if (item instanceof Undecided) throw item;
      return item.map((problem) => ({ problem }));
    }).map(({ problem }) => problem);
  const undecided = new Undecided(["spec"]);

  it("finds a violation next to an item that is not known yet", () =>
    assert.deepEqual([judged(undecided, ["a"]), judged(["a"], undecided)], [["a"], ["a"]]));
  it("is undecided if nothing else was found", () => assert.throws(() => judged(undecided, []), Undecided));
  it("rethrows errors: a bug in a rule must not look like a verdict", () =>
    assert.throws(
      () =>
        judgeEach([1], () => {
          throw new TypeError("a defect");
        }),
      TypeError,
    ));
});

describe("rule vault-auto-credentials", () => {
  const configMap = (rootToken: string): Sample => ({
    type: "kubernetes:core/v1:ConfigMap",
    props: {
      metadata: { name: "x", namespace: "y" },
      data: { "config.json": JSON.stringify({ vault: { unseal: "kms", rootToken, credentialsSecret: "c" } }) },
    },
  });

  it("refuses a stored root token and allows one that is revoked", () => {
    const says = ["lets vault-bootstrap store Vault's root token, which never expires; set rootToken: revoked"];
    assert.deepEqual(saidBy("vault-auto-credentials", configMap("stored"), "prod"), says);
    assert.deepEqual(saidBy("vault-auto-credentials", configMap("revoked"), "prod"), []);
  });
});
