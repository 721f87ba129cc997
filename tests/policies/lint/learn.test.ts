import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { isMap, parse, parseDocument } from "yaml";
import { cataloguePath, parseCatalogue, readCatalogue } from "../../../environments/catalogue.ts";
import { classify } from "../../../domain/catalogue/lookup.ts";
import type { Catalogue } from "../../../domain/catalogue/catalogue.ts";
import { learnNames, renderLearned } from "../../../policies/lint/learn.ts";
import { lintSources } from "../../../policies/lint/lint.ts";

const catalogue = readCatalogue();

/** A repository that knows nothing of this catalogue. */
const foreign = [
  {
    file: "apps/wiki/externalsecret.yaml",
    text: `apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: { name: wiki, namespace: wiki }
spec:
  target: { name: wiki-secret }
  data:
    - { secretKey: TOKEN, remoteRef: { key: teams/wiki/api_token, property: value } }
    - { secretKey: LOGIN, remoteRef: { key: wiki, property: login } }
  dataFrom:
    - extract: { key: "42-line" }
    - extract: { key: "My wiki" }
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: { name: wiki, namespace: search }
spec:
  data: [{ secretKey: TOKEN, remoteRef: { key: secret/data/teams/wiki/api-token } }]
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: { name: session-key, namespace: wiki }
spec:
  dataFrom: [{ sourceRef: { generatorRef: { apiVersion: generators.external-secrets.io/v1alpha1, kind: Password, name: p } } }]
`,
  },
  {
    file: "db/cluster.yaml",
    text: `apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata: { name: wikidb, namespace: db }
---
apiVersion: external-secrets.io/v1alpha1
kind: PushSecret
metadata: { name: mirror, namespace: db }
spec:
  selector: { secret: { name: wikidb-app } }
  data: [{ match: { secretKey: uri, remoteRef: { remoteKey: mirrors/wikidb } } }]
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: { name: wiki, namespace: wiki }
spec: { secretName: wiki-cert }
`,
  },
];

function learned(): string {
  return renderLearned(learnNames(foreign, catalogue), (name) => classify(catalogue, name).kind !== "unknown");
}

/** The catalogue with what was learned pasted under its headings. */
function pasted(entries: string): Catalogue {
  const document = parseDocument(readFileSync(cataloguePath, "utf8"));
  const added = parse(entries) as { readonly secrets?: object; readonly clusterManaged?: readonly unknown[] };
  for (const [name, entry] of Object.entries(added.secrets ?? {})) {
    assert.ok(isMap(document.get("secrets")));
    document.setIn(["secrets", name], document.createNode(entry));
  }
  for (const entry of added.clusterManaged ?? []) document.addIn(["clusterManaged"], document.createNode(entry));
  const result = parseCatalogue(document.toString(), "catalogue.yaml");
  assert.deepEqual(
    result.findings.filter(({ severity }) => severity === "error"),
    [],
  );
  assert.ok(result.catalogue !== undefined);
  return result.catalogue;
}

describe("learnNames", () => {
  it("names the owner that the manifests show, and treats what nothing creates as external", () =>
    assert.deepEqual(
      learnNames(foreign, catalogue).map(({ name, authority }) => `${name} ${authority}`),
      [
        "42-line external",
        "My wiki external",
        "mirrors/wikidb cnpg",
        "session-key generated",
        "teams/wiki/api_token external",
        "wiki external",
        "wiki-cert tls",
        "wikidb-app cnpg",
        "wikidb-ca cnpg",
        "wikidb-pooler cnpg",
        "wikidb-replication cnpg",
        "wikidb-server cnpg",
      ],
    ));

  it("lists the namespaces that read a name, in any spelling", () =>
    assert.deepEqual(learnNames(foreign, catalogue).find(({ name }) => name === "teams/wiki/api_token")?.readers, [
      "search",
      "wiki",
    ]));

  it("leaves out known names", () => {
    const [name = ""] = Object.keys(catalogue.secrets);
    const text = `apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: { name: a }\nspec: { data: [{ remoteRef: { key: ${name} } }] }\n`;
    assert.deepEqual(learnNames([{ file: "a.yaml", text }], catalogue), []);
  });
});

describe("renderLearned", () => {
  it("writes entries that the catalogue accepts, after which lint knows every name", () => {
    const before = unknownIn(catalogue);
    assert.ok(before.length >= 4, before.join("\n"));
    assert.deepEqual(
      unknownIn(pasted(learned())).filter((problem) => !problem.includes("My wiki")),
      [],
    );
  });

  it("lists in a comment what cannot be a path", () =>
    assert.match(learned(), /^# not names .*\n# {3}"My wiki" \(ExternalSecret wiki\/wiki\)$/m));

  it("separates two paths that become the same name, and reuses no name of the catalogue", () => {
    const [known = ""] = Object.keys(catalogue.secrets);
    const names = ["a.b/c", "a-b/c", `x/../${known}`, `${known.replace("-", "/")}`].map((name) => ({
      name,
      authority: "external" as const,
      evidence: "",
      readers: [],
    }));
    const text = renderLearned(names, (name) => classify(catalogue, name).kind !== "unknown");
    assert.match(text, /^ {2}a-b-c: \{ authority: external, env: A_B_C, vault: a\.b\/c \}$/m);
    assert.match(text, /^ {2}a-b-c-2: \{ authority: external, env: A_B_C_2, vault: a-b\/c \}$/m);
    assert.ok(text.includes(`${known}-2: {`), text);
  });

  it("reports that nothing is unknown", () =>
    assert.match(
      renderLearned([], () => false),
      /^# the catalogue knows/,
    ));
});

function unknownIn(known: Catalogue): readonly string[] {
  return lintSources(foreign, { catalogue: known, exemptions: [] })
    .findings.filter(({ code }) => code === "authority-not-in-catalogue")
    .map(({ problem }) => problem);
}
