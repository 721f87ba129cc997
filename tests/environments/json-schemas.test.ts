import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import { parse } from "yaml";
import { jsonSchemas } from "../../environments/json-schemas.ts";
import { repositoryRoot } from "../../environments/repository.ts";

const read = (path: string): string => readFileSync(join(repositoryRoot, path), "utf8");

/** The YAML files that name each schema for their editors. */
const documents: Readonly<Record<string, readonly string[]>> = {
  catalogue: ["environments/catalogue.yaml"],
  "stack-shared": ["Pulumi.shared.yaml"],
  "stack-environment": ["Pulumi.dev.yaml", "Pulumi.staging.yaml", "Pulumi.prod.yaml"],
  "stack-local": ["Pulumi.local.yaml"],
};

describe("jsonSchemas", () => {
  it("covers every file", () => {
    assert.deepEqual(
      jsonSchemas().map(({ path }) => path),
      Object.keys(documents).map((name) => `environments/schema/${name}.schema.json`),
    );
  });

  for (const { path, text } of jsonSchemas()) {
    const name = path.replace(/^.*\/|\.schema\.json$/g, "");
    it(`matches ${path}; otherwise run: node docs/generate.ts`, () => assert.equal(read(path), text));

    for (const document of documents[name] ?? []) {
      it(`accepts ${document}, which names it for editors`, () => {
        const validate = new Ajv({ strict: false, formats: { date: true, uri: true, uuid: true } }).compile(
          JSON.parse(text) as object,
        );
        const yaml = read(document);
        assert.equal(validate(parse(yaml)), true, JSON.stringify(validate.errors));
        const named = document.startsWith("environments/") ? path.replace("environments/", "") : path;
        assert.ok(yaml.includes(`# yaml-language-server: $schema=${named}\n`));
      });
    }
  }

  it("refuses an unknown key, and an unknown authority", () => {
    const [catalogue] = jsonSchemas();
    const validate = new Ajv({ strict: false, formats: { date: true } }).compile(
      JSON.parse(catalogue?.text ?? "") as object,
    );
    const document = parse(read("environments/catalogue.yaml")) as { secrets: Record<string, Record<string, unknown>> };
    const token = document.secrets["ghcr-token"] ?? {};
    token["colour"] = "red";
    assert.equal(validate(document), false);
    delete token["colour"];
    token["authority"] = "nobody";
    assert.equal(validate(document), false);
  });
});
