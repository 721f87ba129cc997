import assert from "node:assert/strict";
import { covers, policyPaths } from "../../policies/subject/vault-path.ts";
import { changed } from "./examples/example.ts";
import { examples } from "./examples/all.ts";
import { vaultPolicy } from "./examples/samples.ts";
import { said } from "../support/policy.ts";

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
  it("reads a path without capabilities as one that allows nothing", () =>
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
    // no segment but a whole `+` stands for another; as an expression this one took forever
    ["+".repeat(60), "a".repeat(60), false],
  ] as const) {
    it(`${wanted ? "covers" : "does not cover"} ${path} by ${pattern}`, () =>
      assert.equal(covers(pattern, path), wanted));
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
  ] as const) {
    it(`fails ${capabilities.join(", ")} on ${path}`, () => assert.equal(on(path, ...capabilities), 1));
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
  ] as const) {
    it(`allows ${capabilities.join(", ")} on ${path}`, () => assert.equal(on(path, ...capabilities), 0));
  }
});
