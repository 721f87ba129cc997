import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  generatorAccountFields,
  storeAccountFields,
  externalSecretFields,
  pushSecretFields,
  rowOf,
  type SecretField,
} from "../../domain/manifests/secret-fields.ts";
import { testBinaries } from "../support/servers.ts";

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

/** Every field of a schema that has no fields of its own; `[]` means every item of a list. */
function leavesOf(schema: Schema, path = ""): readonly string[] {
  if (schema.items !== undefined) return leavesOf(schema.items, `${path}[]`);
  const fields = Object.entries(schema.properties ?? {});
  if (fields.length === 0) return [path];
  return fields.flatMap(([name, field]) => leavesOf(field, path === "" ? name : `${path}.${name}`));
}

/** Rows about a newer External Secrets than the one with the definitions tested here. */
const newer = new Set(["target.manifest", "syncWindows", "dataTo[]", "dataTo[].storeRef"]);

describe("secretFields, against the definitions of External Secrets", () => {
  for (const [definition, fields, spec] of [
    ["externalsecrets", externalSecretFields, []],
    ["clusterexternalsecrets", externalSecretFields, ["externalSecretSpec"]],
    ["pushsecrets", pushSecretFields, []],
    ["clusterpushsecrets", pushSecretFields, ["pushSecretSpec"]],
  ] as const) {
    describe(definition, () => {
      let leaves: readonly string[];

      before(async () => {
        leaves = leavesOf(await specOf(`external-secrets.io_${definition}`, spec));
      });

      it("has a row for every field, so that no field with a secret is forgotten", () =>
        assert.deepEqual(
          leaves.filter((leaf) => rowOf(fields, leaf) === undefined),
          [],
        ));

      it("has only rows of existing fields", () =>
        assert.deepEqual(
          fields.filter((row) => !newer.has(row.path) && !isUsed(row, fields, leaves)).map(({ path }) => path),
          [],
        ));

      it("marks no field as harmless that names a secret, a key or a generator", () =>
        assert.deepEqual(
          leaves.filter((leaf) => {
            const role = rowOf(fields, leaf)?.role;
            if (role === "text") return /secret|generator|storeRef/i.test(leaf);
            return role === "behaviour" && /secret|key|generator|storeRef/i.test(leaf);
          }),
          [],
        ));
    });
  }
});

/** Where the definitions name a ServiceAccount; Grafana's own is none of Kubernetes'. */
function accountsOf(schema: Schema, path = ""): readonly string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const here = path === "" ? name : `${path}.${name}`;
    const isAccount = /^serviceAccount(?:Ref)?$/.test(name) && field.properties?.["role"] === undefined;
    return [...(isAccount ? [here] : []), ...accountsOf(field, here)];
  });
}

describe("accountFields, against the definitions of External Secrets", () => {
  for (const [definition, spec, fields] of [
    ["external-secrets.io_clustersecretstores", "provider", storeAccountFields],
    ["external-secrets.io_secretstores", "provider", storeAccountFields],
    ["generators.external-secrets.io_clustergenerators", "generator", generatorAccountFields],
  ] as const) {
    it(`has every ServiceAccount that ${definition} names`, async () => {
      const found = accountsOf(await specOf(definition, [spec]));
      assert.ok(found.length >= 8);
      assert.deepEqual(
        found.filter((field) => !fields.includes(field)),
        [],
      );
    });
  }
});

/** The whole row, or a part of it that no longer path has. */
function isUsed(row: SecretField, fields: readonly SecretField[], leaves: readonly string[]): boolean {
  return leaves.some((leaf) => rowOf(fields, leaf) === row);
}

async function specOf(definition: string, path: readonly string[]): Promise<Schema> {
  const { externalSecretsDefinitions } = await testBinaries();
  const file = join(externalSecretsDefinitions, `${definition}.json`);
  const { spec } = JSON.parse(readFileSync(file, "utf8")) as {
    readonly spec: {
      readonly versions: readonly { readonly served: boolean; readonly schema: { readonly openAPIV3Schema: Schema } }[];
    };
  };
  const served = spec.versions.find((version) => version.served);
  const found = ["spec", ...path].reduce<Schema | undefined>(
    (schema, key) => schema?.properties?.[key],
    served?.schema.openAPIV3Schema,
  );
  if (found === undefined) throw new Error(`${file} has no ${["spec", ...path].join(".")}`);
  return found;
}
