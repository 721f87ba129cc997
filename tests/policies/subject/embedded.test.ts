import assert from "node:assert/strict";
import { stringify } from "yaml";
import { lintSources } from "../../../policies/lint/lint.ts";
import { embeddedIn } from "../../../policies/subject/embedded.ts";
import { evaluateExpression } from "../../../policies/subject/arm-template.ts";
import { unknownValue } from "../../../policies/subject/reading.ts";
import { policyCatalogue, unknown } from "../../support/policy.ts";

const reader = {
  apiVersion: "external-secrets.io/v1",
  kind: "ExternalSecret",
  metadata: { name: "x", namespace: "ameide-dev" },
  spec: { data: [{ secretKey: "a", remoteRef: { key: "platform-db-credentials" } }] },
};

const labelsIn = (content: unknown): readonly string[] =>
  embeddedIn({ content, lineOf: () => 0 }, "id").map(({ subject }) => `${subject.id} ${subject.label}`);

describe("embeddedIn", () => {
  it("numbers each manifest once, including items of a list and embedded ones", () =>
    assert.deepEqual(
      labelsIn({
        a: [reader, { apiVersion: "v1", kind: "List", items: [reader] }],
        b: stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c" }, data: { d: stringify(reader) } }),
      }),
      [
        "id#0 ExternalSecret ameide-dev/x",
        "id#1 ExternalSecret ameide-dev/x",
        "id#2 ConfigMap c",
        "id#3 ExternalSecret ameide-dev/x",
      ],
    ));
  it("ignores references, text that only mentions manifests, and unknown values", () =>
    assert.deepEqual(
      labelsIn({
        scaleTargetRef: { apiVersion: "external-secrets.io/v1", kind: "ExternalSecret", name: "x" },
        readme: "apiVersion and kind: see: the docs: [",
        later: unknown,
      }),
      [],
    ));
  it("does not search kinds with fields that the rules know", () =>
    assert.deepEqual(labelsIn({ ...reader, spec: { ...reader.spec, anything: reader } }), []));
  it("stops if texts are nested endlessly", () => {
    let text = stringify(reader);
    for (let i = 0; i < 12; i += 1) text = stringify({ apiVersion: "v1", kind: "x", deeper: text });
    assert.deepEqual(labelsIn({ text }), []);
  });
});

describe("evaluateExpression", () => {
  const scope = {
    parameters: { a: { value: "given", defaultValue: "x" }, b: { defaultValue: "[variables('c')]" } },
    variables: { c: "it''s", loop: "[variables('loop')]", twice: "[concat(variables('twice'), variables('twice'))]" },
  };
  for (const [text, value] of [
    ["literal", "literal"],
    ["[[literal]", "[literal]"],
    ["[concat('a,(', parameters('a'), 1)]", "a,(given1"],
    ["[format('{0}/{1}', parameters('b'), toLower('UP'))]", "it''s/up"],
    ["['it''s']", "it's"],
    ["[concat('a', guid('x'))]", `a${unknownValue}`],
    ["[parameters('none')]", unknownValue],
    ["[variables('loop')]", unknownValue],
    ["[concat(]", unknownValue],
    ["['a', 'b']", unknownValue],
    ["[toLower('A'))]", unknownValue],
  ] as const) {
    it(`reads ${text}`, () => assert.equal(evaluateExpression(text, scope), value));
  }
  it("stops if variables refer to themselves", () =>
    assert.ok(evaluateExpression("[variables('twice')]", scope).includes(unknownValue)));
});

describe("lint of manifests inside other tools' files", () => {
  const linted = (file: string, text: string): readonly string[] =>
    lintSources([{ file, text }], { catalogue: policyCatalogue, exemptions: [], today: "2026-11-24" })
      .findings.filter(({ code }) => code === "authority-cluster-managed")
      .map(({ line, subject }) => `${line} ${subject}`);

  it("finds a manifest in the values of a chart, at its line", () => {
    const values = `replicas: 1\nextraObjects:\n  - ${stringify(reader).trim().replaceAll("\n", "\n    ")}\n`;
    assert.deepEqual(linted("values.yaml", values), ["12 ExternalSecret ameide-dev/x"]);
  });
  it("finds one in a text, at its line in the file", () => {
    const text = `replicas: 1\nextraDeploy:\n  - |\n    ${stringify(reader).trim().replaceAll("\n", "\n    ")}\n`;
    assert.deepEqual(linted("values.yaml", text), ["13 ExternalSecret ameide-dev/x"]);
  });
  it("finds a secret in an ARM template", () => {
    const template = {
      $schema: "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
      contentVersion: "1.0.0.0",
      resources: [{ type: "Microsoft.KeyVault/vaults/secrets", name: "ameidekv/platform-db-credentials" }],
    };
    assert.deepEqual(linted("main.json", JSON.stringify(template, undefined, 2)), [
      "7 KeyVaultSecret platform-db-credentials",
    ]);
  });
});
