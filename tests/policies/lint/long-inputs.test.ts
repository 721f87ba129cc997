import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import ts from "typescript";
import { readCatalogue } from "../../../environments/catalogue.ts";
import { repositoryRoot } from "../../../environments/index.ts";
import { lintSources } from "../../../policies/lint/lint.ts";

/** Where text of others is read: manifests, `.env`, policies of Vault, objects and logs of a cluster. */
const folders = ["policies", "domain", "environments", "diagnose", "bootstrap", "components", "cli"];
const length = 20_000;
/** Below this an expression is not measured again: at four times the length it is still quick, whatever its growth. */
const quickInMilliseconds = 12;
/** Four times the text costs four times the work of a linear expression, and sixteen times that of a quadratic one. */
const longer = 4;
const tolerableGrowth = 9;
/** dotenv's own expression; domain/dotenv/files.ts refuses the only inputs that are slow. */
const isBounded = (file: string, { source }: RegExp): boolean =>
  file === "domain/dotenv/files.ts" && source.startsWith(String.raw`(?:^|^)\s*(?:export\s+)?`);

function millisecondsOf(work: () => unknown): number {
  const before = process.cpuUsage().user;
  work();
  return (process.cpuUsage().user - before) / 1000;
}

/** Time of `expression` over `unit` repeated: the least of several, since everything else only adds to it. */
function timeOf(expression: RegExp, unit: string, textLength: number, attempts: number): number {
  const text = `${unit.repeat(textLength / unit.length)}\u0001`;
  const times = Array.from({ length: attempts }, () =>
    millisecondsOf(() => {
      expression.lastIndex = 0;
      return expression.global ? text.replaceAll(expression, "") : expression.test(text);
    }),
  );
  return Math.min(...times);
}

function growsTooFast(expression: RegExp, unit: string): boolean {
  if (timeOf(expression, unit, length, 1) < quickInMilliseconds) return false;
  const short = timeOf(expression, unit, length, 4);
  return short >= quickInMilliseconds && timeOf(expression, unit, length * longer, 3) > short * tolerableGrowth;
}

function expressionsOf(file: string): readonly RegExp[] {
  const source = ts.createSourceFile(
    file,
    readFileSync(join(repositoryRoot, file), "utf8"),
    ts.ScriptTarget.Latest,
    true,
  );
  const found: RegExp[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isRegularExpressionLiteral(node)) {
      const at = node.text.lastIndexOf("/");
      found.push(new RegExp(node.text.slice(1, at), node.text.slice(at + 1)));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** What an expression may find slow when it is repeated: single characters, its words, and beginnings of what it matches. */
function unitsOf(expression: RegExp): readonly string[] {
  const characters = [
    ...new Set(` \n\taA0-_/.:{}"'=$%@<>\\#&;[](),*+?|${expression.source.replaceAll(/\\\w/g, "")}`.split("")),
  ];
  const inner = expression.source.replaceAll(/\(\?<?[=!](?:[^()]|\([^()]*\))*\)|\\b|\^|\$/g, "");
  let matches: readonly string[] = [];
  try {
    matches = fc.sample(fc.stringMatching(new RegExp(inner, expression.flags.replaceAll(/[gmyd]/g, ""))), {
      numRuns: 4,
      seed: 1,
    });
  } catch {
    // an expression that the generator does not know
  }
  const beginnings = matches.flatMap((match) =>
    Array.from({ length: 8 }, (_, i) => match.slice(0, Math.ceil(((i + 1) / 8) * match.length))),
  );
  const words = [...expression.source.matchAll(/[a-z]{3,}/gi)].map(([word]) => `${word} `);
  return [...new Set([...characters, ...words, ...beginnings])].filter((unit) => unit !== "" && unit.length < 200);
}

describe("the time for foreign text", function () {
  this.timeout(120_000);

  it("grows linearly for every regular expression", () => {
    const slow: string[] = [];
    const files = folders.flatMap((folder) =>
      readdirSync(join(repositoryRoot, folder), { recursive: true, encoding: "utf8" })
        .filter((file) => /\.m?[tj]s$/.test(file))
        .map((file) => join(folder, file)),
    );
    for (const file of files) {
      for (const expression of expressionsOf(file)) {
        if (isBounded(file, expression)) continue;
        const culprit = unitsOf(expression).find((unit) => growsTooFast(expression, unit));
        if (culprit !== undefined) slow.push(`${file}: ${expression} with ${JSON.stringify(culprit)}`);
      }
    }
    assert.deepEqual(slow, []);
  });

  const long = 400_000;
  for (const [what, file, text] of [
    ["a key", "a.yaml", `${"a-".repeat(long / 2)}: x\n`],
    ["a key with a value that is a secret by its name", "values.yaml", `${"0".repeat(long)}password: x\n`],
    ["a value", "values.yaml", `password: ${"z-".repeat(long / 2)}\n`],
    ["blank lines", "a.yaml", "\n".repeat(long)],
    ["a template", "templates/a.yaml", `a: ${"{{".repeat(long / 2)}\n`],
    ["a kind", "a.yaml", `apiVersion: v1\nkind: ${"ha".repeat(long / 2)}!\n`],
    [
      "a refresh interval",
      "a.yaml",
      `apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nspec: {refreshInterval: "${"0".repeat(long)}"}\n`,
    ],
    [
      "a Vault policy",
      "a.json",
      JSON.stringify({ kind: "Policy", apiVersion: "vault/v1", spec: { policy: 'path "x" {'.repeat(long / 10) } }),
    ],
    ["blank lines in .env", ".env", "\n".repeat(long)],
    ["a value in .env", ".env", `A=${"'".repeat(long)}\n`],
  ] as const) {
    it(`lint reads ${what} of ${long / 1000} KB within seconds`, () => {
      const spent = millisecondsOf(() => lintSources([{ file, text }], { catalogue: readCatalogue() }));
      assert.ok(spent < 5000, `${spent} ms`);
    });
  }
});
