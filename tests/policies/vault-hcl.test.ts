import assert from "node:assert/strict";
import { capabilitiesOn, covers, policyPaths } from "../../policies/vault-hcl.ts";
import { changed } from "./examples/example.ts";
import { examples } from "./examples/all.ts";
import { vaultPolicy } from "./examples/samples.ts";
import { said, saidBy } from "../support/policy.ts";

describe("policyPaths", () => {
  it("reads paths with their capabilities, and leaves comments out", () =>
    assert.deepEqual(
      policyPaths(
        'path "a" { capabilities = ["read"] }\n# path "b" { capabilities = ["read"] }\n// path "c" {}\npath "d" {\n  capabilities = ["create",\n    "update"]\n}\n',
      ),
      [
        { path: "a", capabilities: ["read"] },
        { path: "d", capabilities: ["create", "update"] },
      ],
    ));
  for (const [what, policy] of [
    ["a block on one line", 'path "a" { policy = "read" capabilities = ["sudo"] }'],
    ["an assigned block", 'path = { "/a" = { capabilities = ["read", "list", "sudo",] } }'],
    ["a key without quotes", 'path a {\n  capabilities = ["read", "list", "sudo"]\n}'],
    ["comments of each form", '/* } */ path "a" { # }\n // }\n capabilities = ["read", /* "deny" */ "list", "sudo"] }'],
    [
      "other fields",
      'name = "x"\npath "a" {\n  allowed_parameters = { "*" = [] }\n  capabilities = ["read", "list", "sudo"] }',
    ],
    ["a heredoc", 'path "a" {\n  comment = <<EOF\n } path "b" {\nEOF\n  capabilities = ["read", "list", "sudo"]\n}'],
    ["JSON", '{"path": {"/a": {"capabilities": ["read", "list", "sudo"]}}}'],
    ["JSON with a list", '{"path": [{"a": [{"capabilities": ["read", "list"]}, {"policy": "sudo", "x": 1}]}]}'],
  ] as const) {
    it(`reads ${what}`, () => {
      const [only, ...others] = policyPaths(policy);
      assert.deepEqual([only?.path, others], ["a", []]);
      assert.ok(["read", "list", "sudo"].every((one) => only?.capabilities.includes(one)));
    });
  }
  it("lets deny override other capabilities, as Vault does", () =>
    assert.deepEqual(policyPaths('path "a" { capabilities = ["read", "deny"] }'), [
      { path: "a", capabilities: ["deny"] },
    ]));
  for (const [policy, problem] of [
    ['path "a" {', "line 1 ends in the middle of a block"],
    ['path "a" {}\n}', 'line 2 has a "}" where a name or a value must be'],
    ['path "a" {\n  capabilities = ["read"\n}', 'line 3 has a "}" where a name or a value must be'],
    ['path "a {}\n', 'line 1 has a """, which is not HCL'],
    ['{"path": ', "line 1 is not valid JSON"],
    [`path "a" { x = ${"[".repeat(5000)} }`, "line 1 nests too deep"],
  ] as const) {
    it(`refuses what Vault refuses: ${problem}`, () =>
      assert.throws(() => policyPaths(policy), { name: "PolicySyntaxError", message: problem }));
  }
  it("treats a path without capabilities as one that allows nothing", () =>
    assert.deepEqual(policyPaths('path "a" {}'), [{ path: "a", capabilities: [] }]));
});

describe("covers", () => {
  for (const [pattern, path, wanted] of [
    ["secret/data/a", "secret/data/a", true],
    ["secret/data/a", "secret/data/ab", false],
    ["secret/data/a*", "secret/data/ab/c", true],
    ["secret/+/a", "secret/data/a", true],
    ["secret/+/a", "secret/data/b/a", false],
    ["secret/data/a.b", "secret/data/axb", false],
    ["secret/+/a", "secret//a", false],
    ["*", "secret/data/a", true],
    ["secret/+/a*", "secret/data/ab/c", true],
    // only a whole `+` matches any segment; as a regular expression this one took forever
    ["+".repeat(60), "a".repeat(60), false],
  ] as const) {
    it(`${wanted ? "covers" : "does not cover"} ${path} by ${pattern}`, () =>
      assert.equal(covers(pattern, path), wanted));
  }
});

describe("capabilitiesOn", () => {
  const allow = (
    path: string,
    ...capabilities: readonly string[]
  ): { path: string; capabilities: readonly string[] } => ({
    path,
    capabilities,
  });
  for (const [what, paths, wanted] of [
    ["asks the exact path before a prefix", [allow("secret/data/a", "deny"), allow("secret/data/*", "read")], []],
    ["asks the longer prefix", [allow("secret/*", "update"), allow("secret/data/*", "read")], ["read"]],
    ["asks a name before +", [allow("secret/+/a", "update"), allow("secret/data/a", "read")], ["read"]],
    [
      "adds up blocks of one path",
      [allow("secret/data/a", "read"), allow("secret/data/a", "update")],
      ["read", "update"],
    ],
    ["gives nothing where no path covers it", [allow("secret/data/b", "read")], []],
  ] as const) {
    it(what, () => assert.deepEqual([...capabilitiesOn(paths, "secret/data/a")], wanted));
  }
});

describe("rule vault-policy-kv-path", () => {
  const on = (path: string): readonly string[] => {
    const policy = `path "${path}" { capabilities = ["deny"] }`;
    return [saidBy("vault-policy-kv-path", changed(vaultPolicy, [["policy"], policy]))].flat();
  };
  for (const path of ["secret/a", "secret/a/*", "secret/a*", "/secret/dataa/b"]) {
    it(`refuses ${path}`, () => assert.equal(on(path).length, 1));
  }
  for (const path of [
    "secret/data/a",
    "secret/metadata/",
    "secret/config",
    "secret/*",
    "secret/d*",
    "secret/+/a",
    "kv/a",
  ]) {
    it(`allows ${path}`, () => assert.deepEqual(on(path), []));
  }
});

describe("rule vault-policy-wildcard", () => {
  const example = examples.find(({ rule }) => rule === "vault-policy-wildcard");
  assert.ok(example !== undefined);
  const on = (path: string, ...capabilities: readonly string[]): number =>
    said(
      example,
      changed(vaultPolicy, [["policy"], `path "${path}" { capabilities = ${JSON.stringify(capabilities)} }`]),
    ).length;

  for (const [path, ...capabilities] of [
    ["*", "read"],
    ["+/data/x", "read"],
    ["secret/*", "read"],
    ["secret/+/x", "read"],
    ["secret/data/+/x", "read"],
    ["secret/metadata/*", "delete"],
    ["sys/*", "update"],
    ["sys/policies/acl/*", "update"],
    ["auth/kubernetes/role/*", "create"],
    ["auth/*", "sudo"],
    ["identity/*", "update"],
    ["secret*", "read"],
    ["sec*", "list"],
    ["/secret/*", "read"],
    ["secret/d*", "read"],
    ["secret/data*", "read"],
    ["secret/m*", "update"],
    ["kv/data/*", "read"],
    ["secret/+/+", "read"],
    ["secret/destroy/*", "update"],
    ["sys/auth/kubernetes/*", "sudo"],
    ["sys/+/x", "sudo"],
  ] as const) {
    it(`refuses ${capabilities.join(", ")} on ${path}`, () => assert.equal(on(path, ...capabilities), 1));
  }
  for (const [path, ...capabilities] of [
    ["secret/data/ghcr-token", "read"],
    ["secret/data/codex/*", "read"],
    ["secret/metadata/*", "read", "list"],
    ["sys/policies/acl/*", "read"],
    ["sys/policies/acl/ameide-secrets-*", "update"],
    ["auth/kubernetes/role/*", "read"],
    ["auth/kubernetes/role/ameide-secrets-*", "create"],
    ["secret/*", "deny"],
    ["secret/m*", "list"],
    ["secret/data/gitlab/tokens/dev/*", "read"],
    ["secret/data/gitlab/+/x", "read"],
    ["sys/auth/kubernetes", "sudo"],
  ] as const) {
    it(`allows ${capabilities.join(", ")} on ${path}`, () => assert.equal(on(path, ...capabilities), 0));
  }
});
