import assert from "node:assert/strict";
import { changed, type Path, type Sample } from "./examples/example.ts";
import { container, cronJob, externalSecret, pushSecret } from "./examples/samples.ts";
import { examples } from "./examples/all.ts";
import { said, saidBy } from "../support/policy.ts";

const repeated = (length: number): string => "a1B2".repeat(length).slice(0, length);

describe("rule secretness-workload", () => {
  const example = examples.find(({ rule }) => rule === "secretness-workload");
  assert.ok(example !== undefined);
  const withArgument = (word: string): ReturnType<typeof said> =>
    said(example, changed(cronJob, [[...container, "args"] satisfies Path, [word]]));

  it("refuses a secret in an argument, by its flag or by its shape", () =>
    assert.deepEqual(
      [withArgument("--password=correct-horse-1"), withArgument(`--token-file=/x ghp_${repeated(36)}`)],
      [
        ['container "vault-bootstrap": has a literal in its arguments'],
        ['container "vault-bootstrap": has a GitHub token in its arguments'],
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
    it(`refuses a credential in a literal of ${what}, and one under a key`, () => {
      assert.deepEqual(saidBy("secretness-template-literal", sampleWith(literal(`token: ghp_${repeated(36)}`))), [
        "its template writes a GitHub token in plain text",
      ]);
      assert.deepEqual(
        saidBy("secretness-template-literal", sampleWith({ data: { token: `ghp_${repeated(36)}` } })).length,
        1,
      );
      assert.deepEqual(saidBy("secretness-template-literal", sampleWith(literal("{{ .password }}"))), []);
    });
    it(`refuses a placeholder in a literal of ${what}`, () =>
      assert.equal(saidBy("placeholder-marker", sampleWith(literal("CHANGEME"))).length, 1));
  }
});
