import assert from "node:assert/strict";
import { changed, type Sample } from "./examples/example.ts";
import { externalSecret } from "./examples/samples.ts";
import { catalogueOf } from "../support/catalogues.ts";
import { saidBy, unknown } from "../support/policy.ts";
import { compileDotenv } from "../../domain/dotenv/dotenv.ts";
import { errorsOf } from "../../domain/finding.ts";

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
  it("finds a directive of vault-bootstrap at a consumer", () =>
    assert.equal(saidBy("placeholder-marker", secret("stringData", { a: "__generate__" })).length, 1));
  it("parses the JSON of a Vault secret", () =>
    assert.equal(saidBy("placeholder-marker", vaultSecret('{"value":"changeme"}')).length, 1));
  it("reads a text that is not JSON verbatim", () => {
    assert.equal(saidBy("placeholder-marker", vaultSecret("CHANGEME")).length, 1);
    assert.deepEqual(saidBy("placeholder-marker", vaultSecret("{CHANGEME")), []);
  });
  it("judges known values next to an unknown one", () =>
    assert.equal(saidBy("placeholder-marker", secret("stringData", { a: unknown, b: "CHANGEME" })).length, 1));
  it("ignores the name of the Secret", () =>
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
    it(`refuses ${text} in one: Helm should have rendered it`, () =>
      assert.equal(saidBy("placeholder-unrendered", template(text)).length, 1));
  }
});

describe("env check and the program", () => {
  const catalogue = catalogueOf({ secrets: { token: { authority: "external", env: "TOKEN" } } });
  const isAccepted = (value: string): boolean => {
    const files = [{ path: ".env", text: `TOKEN='${value}'`, tracked: false }];
    const { findings } = compileDotenv({ files, catalogue, environment: "dev", secretPrefix: undefined });
    return errorsOf(findings).length === 0;
  };
  const keyVaultSecret = (value: string): Sample => ({
    type: "azure-native:keyvault:Secret",
    props: { secretName: "token", properties: { value } },
  });
  for (const [value, accepted] of [
    ['{"type":"x","auth":{"scopes":{"a":1}}}', true],
    ["ab}}cd", true],
    ["ab{{cd", true],
    ["ghp_madeupmadeupmadeupmadeupmadeup12", true],
    ["{{ .Values.token }}", false],
    ['{"a":"{{ .b }}"}', false],
    ["CHANGEME", false],
    ["__REPLACE_ME__", false],
    ["your_anthropic_api_key", false],
    ["sk-...", false],
  ] as const) {
    it(`give ${value} the same verdict`, () => {
      const found = ["placeholder-marker", "placeholder-unrendered"].flatMap((rule) =>
        saidBy(rule, keyVaultSecret(value)),
      );
      assert.deepEqual([isAccepted(value), found.length === 0], [accepted, accepted]);
    });
  }
});
