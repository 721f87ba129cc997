import assert from "node:assert/strict";
import { credentialIn, isLiteral, namesSecret } from "../../policies/credential-shapes.ts";
import { changed, type Path, type Sample } from "./examples/example.ts";
import { container, cronJob, externalSecret, pushSecret } from "./examples/samples.ts";
import { examples } from "./examples/all.ts";
import { said, saidBy } from "../support/policy.ts";

const repeated = (length: number): string => "a1B2".repeat(length).slice(0, length);

describe("namesSecret", () => {
  for (const name of ["POSTGRES_PASSWORD", "client-secret", "apiKey", "AUTH_SECRET", "unseal-key", "DB_CREDENTIALS"]) {
    it(`takes "${name}" for the name of a value`, () => assert.equal(namesSecret(name), true));
  }
  for (const name of [
    "SECRET_NAME",
    "secretKeyRef",
    "TOKEN_URL",
    "PASSWORD_FILE",
    "tokenTtl",
    "PASSWORD_MIN_LENGTH",
    "existingSecret",
    "passwordPolicy",
  ]) {
    it(`does not take "${name}" for one`, () => assert.equal(namesSecret(name), false));
  }
});

describe("isLiteral", () => {
  for (const text of ["correct horse", "C1tr0n3lla!", "ab12"])
    it(`takes "${text}" for a value`, () => assert.equal(isLiteral(text), true));
  for (const text of [
    "",
    "abc",
    "{{ .password }}",
    "${PASSWORD}",
    "$(cat /x)",
    "$PASSWORD",
    "<path:secret/data/x#value>",
    "ref+vault://x",
    "vault:secret/data/x#value",
    "true",
    "12345",
    "/var/run/secrets/x",
    "./token",
    "https://vault:8200",
    "********",
  ]) {
    it(`does not take "${text}" for one`, () => assert.equal(isLiteral(text), false));
  }
});

describe("credentialIn", () => {
  it("finds a shape under any name", () => assert.equal(credentialIn("note", `ghp_${repeated(36)}`), "a GitHub token"));
  it("finds a literal under a secret's name only", () =>
    assert.deepEqual(
      [credentialIn("password", "correct horse"), credentialIn("username", "correct horse")],
      ["a literal", undefined],
    ));
  it("does not take the name of a Secret for a secret", () =>
    assert.deepEqual(
      [credentialIn("pullSecret", "ghcr-pull"), credentialIn("client-secret", "0a1b2c3d4e")],
      [undefined, "a literal"],
    ));
});

describe("rule secretness-workload", () => {
  const example = examples.find(({ rule }) => rule === "secretness-workload");
  assert.ok(example !== undefined);
  const withArgument = (word: string): ReturnType<typeof said> =>
    said(example, changed(cronJob, [[...container, "args"] satisfies Path, [word]]));

  it("fails a secret in an argument, by its flag or by its shape", () =>
    assert.deepEqual(
      [withArgument("--password=correct-horse-1"), withArgument(`--token-file=/x ghp_${repeated(36)}`)],
      [
        ['container "vault-bootstrap" has a literal in its arguments'],
        ['container "vault-bootstrap" has a GitHub token in its arguments'],
      ],
    ));
  it("allows a flag that names a file", () => assert.deepEqual(withArgument("--token-file=/var/run/token"), []));
});

describe("the text of a template", () => {
  const literal = (value: string) => ({ templateFrom: [{ literal: value }] });
  const wrapped = (kind: string, spec: unknown, version: string): Sample => ({
    type: `kubernetes:external-secrets.io/${version}:${kind}`,
    props: {
      apiVersion: `external-secrets.io/${version}`,
      kind,
      metadata: { name: "a" },
      spec: { [kind === "ClusterPushSecret" ? "pushSecretSpec" : "externalSecretSpec"]: spec },
    },
  });
  for (const [what, sampleWith] of [
    ["ExternalSecret", (template: object) => changed(externalSecret, [["spec", "target", "template"], template])],
    ["ClusterExternalSecret", (template: object) => wrapped("ClusterExternalSecret", { target: { template } }, "v1")],
    ["PushSecret", (template: object) => changed(pushSecret, [["spec", "template"], template])],
    ["ClusterPushSecret", (template: object) => wrapped("ClusterPushSecret", { template }, "v1alpha1")],
  ] as const) {
    it(`fails a credential in a literal of ${what}, and one under a key`, () => {
      assert.deepEqual(saidBy("secretness-template-literal", sampleWith(literal(`token: ghp_${repeated(36)}`))), [
        "its template writes a GitHub token in clear",
      ]);
      assert.deepEqual(
        saidBy("secretness-template-literal", sampleWith({ data: { token: `ghp_${repeated(36)}` } })).length,
        1,
      );
      assert.deepEqual(saidBy("secretness-template-literal", sampleWith(literal("{{ .password }}"))), []);
    });
    it(`fails a placeholder in a literal of ${what}`, () =>
      assert.equal(saidBy("placeholder-marker", sampleWith(literal("CHANGEME"))).length, 1));
  }
});
