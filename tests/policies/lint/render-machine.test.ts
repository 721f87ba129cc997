import assert from "node:assert/strict";
import { lintSources } from "../../../policies/lint/lint.ts";
import { renderGithub, renderSarif } from "../../../policies/lint/render-machine.ts";
import { policyCatalogue } from "../../support/policy.ts";

const text = "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: { name: x, namespace: ameide-prod }\n";
const lint = (...files: readonly string[]) =>
  lintSources(
    files.map((file) => ({ file, text: file.endsWith(".env") ? "GHCR_TOKEN=CHANGEME\n" : text })),
    { catalogue: policyCatalogue, exemptions: [], today: "2026-11-24" },
  );

interface Sarif {
  readonly version: string;
  readonly runs: readonly {
    readonly tool: { readonly driver: { readonly rules: readonly Record<string, unknown>[] } };
    readonly results: readonly {
      readonly ruleId: string;
      readonly ruleIndex: number;
      readonly level: string;
      readonly message: { readonly text: string };
      readonly locations: readonly {
        readonly physicalLocation: {
          readonly artifactLocation: { readonly uri: string };
          readonly region: { readonly startLine: number };
        };
      }[];
    }[];
  }[];
}

describe("renderSarif", () => {
  const sarif = (...files: readonly string[]): Sarif =>
    JSON.parse(renderSarif(lint(...files), "1.2.3", "/repo")) as Sarif;

  it("gives each finding its level, text and place", () => {
    const [run] = sarif("apps/a.yaml").runs;
    assert.deepEqual(
      run?.results.map(({ ruleId, level, locations }) => [ruleId, level, locations]),
      [
        [
          "authority-sealed-secret",
          "error",
          [{ physicalLocation: { artifactLocation: { uri: "apps/a.yaml" }, region: { startLine: 1 } } }],
        ],
      ],
    );
    assert.match(run?.results[0]?.message.text ?? "", /is a SealedSecret.*\nfix: /);
  });
  it("describes every rule of a finding, also those of .env", () => {
    const [run] = sarif("apps/a.yaml", ".env").runs;
    assert.ok(run !== undefined);
    assert.deepEqual(
      run.results.map(({ ruleId, ruleIndex }) => [ruleId, run.tool.driver.rules[ruleIndex]?.["id"]]),
      run.results.map(({ ruleId }) => [ruleId, ruleId]),
    );
    assert.ok(run.results.some(({ ruleId }) => ruleId === "dotenv-placeholder"));
    for (const rule of run.tool.driver.rules)
      assert.deepEqual(Object.keys(rule).slice(0, 2), ["id", "shortDescription"]);
  });
  it("writes a path as the URI that code scanning matches with the checkout", () => {
    const uris = (file: string): readonly string[] =>
      sarif(file).runs.flatMap(({ results }) =>
        results.flatMap(({ locations }) => locations.map((one) => one.physicalLocation.artifactLocation.uri)),
      );
    assert.deepEqual(
      ["./a.yaml", "/repo/b/c.yaml", "a b/#1?.yaml", "/elsewhere/a.yaml"].map((file) => uris(file)[0]),
      ["a.yaml", "b/c.yaml", "a%20b/%231%3F.yaml", "file:///elsewhere/a.yaml"],
    );
  });
});

describe("renderGithub", () => {
  it("writes one command per finding, with the path in the checkout", () =>
    assert.match(
      renderGithub(lint("/repo/apps/a.yaml"), "/repo"),
      /^::error file=apps\/a\.yaml,line=1,title=authority-sealed-secret::SealedSecret ameide-prod\/x: [^\n]*%0Afix: [^\n]*$/,
    ));
  it("escapes what would end a property", () =>
    assert.match(renderGithub(lint("a,b:c%.yaml"), "/repo"), /^::error file=a%2Cb%3Ac%25\.yaml,line=1,/));
});
