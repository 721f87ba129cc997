import assert from "node:assert/strict";
import { changed, type Sample } from "./examples/example.ts";
import { externalSecret } from "./examples/samples.ts";
import { saidBy, unknown } from "../support/policy.ts";

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const secret = (field: string, values: Readonly<Record<string, unknown>>): Sample => ({
  type: "kubernetes:core/v1:Secret",
  props: { [field]: values },
});
const vaultSecret = (dataJson: string): Sample => ({
  type: "vault:kv/secretV2:SecretV2",
  props: { mount: "secret", name: "x", dataJson },
});
const template = (text: string): Sample =>
  changed(externalSecret, [["spec", "target", "template"], { data: { url: text } }]);

describe("rule placeholder-marker", () => {
  it("decodes a Secret's data", () =>
    assert.equal(saidBy("placeholder-marker", secret("data", { a: base64("CHANGEME") })).length, 1));
  it("does not decode stringData", () =>
    assert.deepEqual(saidBy("placeholder-marker", secret("stringData", { a: base64("CHANGEME") })), []));
  it("finds a directive that reached a consumer", () =>
    assert.equal(saidBy("placeholder-marker", secret("stringData", { a: "__generate__" })).length, 1));
  it("takes the JSON of a Vault secret apart", () =>
    assert.equal(saidBy("placeholder-marker", vaultSecret('{"value":"changeme"}')).length, 1));
  it("reads a text that is no JSON as it stands", () => {
    assert.equal(saidBy("placeholder-marker", vaultSecret("CHANGEME")).length, 1);
    assert.deepEqual(saidBy("placeholder-marker", vaultSecret("{CHANGEME")), []);
  });
  it("judges the values that it knows beside one that it does not", () =>
    assert.equal(saidBy("placeholder-marker", secret("stringData", { a: unknown, b: "CHANGEME" })).length, 1));
  it("ignores what is no value: the name of the Secret", () =>
    assert.deepEqual(
      saidBy("placeholder-marker", { type: "kubernetes:core/v1:Secret", props: { metadata: { name: "CHANGEME" } } }),
      [],
    ));
});

describe("rule placeholder-unrendered", () => {
  it("allows an ExternalSecret's own template", () =>
    assert.deepEqual(saidBy("placeholder-unrendered", template("redis://{{ .password }}@redis")), []));
  for (const text of [
    "{{ .Values.redis.password }}",
    '{{ include "x" . }}',
    '{{ "{{ .password }}" }}',
    "{{ `{{ .password }}` }}",
  ]) {
    it(`fails ${text} in one: Helm was to fill it in, and did not`, () =>
      assert.equal(saidBy("placeholder-unrendered", template(text)).length, 1));
  }
});
