import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { z } from "zod";
import { commands } from "../../cli/commands/index.ts";
import { repositoryRoot } from "../../environments/index.ts";
import { environmentSettings, localSettings, sharedSettings } from "../../domain/plan/settings.ts";

/** Every folder with texts that a person reads while something is wrong. */
const folders = "{bootstrap,cli,clients,components,diagnose,domain,environments,local,policies}";

interface Text {
  /** Such as `cli/deploy/gates.ts:62`. */
  readonly where: string;
  /** What the code fills in is `HOLE`. */
  readonly text: string;
}

describe("a text that names a command or a setting", () => {
  const texts = [...globSync(`${folders}/**/*.ts`, { cwd: repositoryRoot }), "chain.ts", "index.ts"].flatMap(textsOf);

  it("names a command that exists, with options that it has and values that they allow", () => {
    const found = texts.flatMap(({ where, text }) => commandLines(text).map((line) => ({ where, line })));
    assert.ok(found.length > 100, `only ${found.length} were found`);
    assert.deepEqual(
      found.flatMap(({ where, line }) => problemsOf(line).map((problem) => `${where}: ${line}: ${problem}`)),
      [],
    );
  });

  it("names a setting that exists", () => {
    const known = new Set([sharedSettings, environmentSettings, localSettings].flatMap((schema) => keysOf(schema)));
    const found = texts.flatMap(({ where, text }) => settingsIn(text).map((key) => ({ where, key })));
    assert.ok(found.length > 10, `only ${found.length} were found`);
    assert.deepEqual(
      found.filter(({ key }) => !known.has(key)).map(({ where, key }) => `${where}: ${key}`),
      [],
    );
  });

  it("is rejected by this test if a command, option, value or setting is wrong", () => {
    const problems = ["heal", "up --stak dev", "doctor --stack dev --fix", "env push --stack prod"].map(
      (line) => problemsOf(`ameide-secrets ${line}`).length,
    );
    assert.deepEqual(problems, [1, 1, 1, 1]);
    assert.deepEqual(settingsIn("set azure.extraPem, or vault.address (vault.azure.net is a host)"), [
      "azure.extraPem",
      "vault.address",
    ]);
  });
});

function textsOf(file: string): readonly Text[] {
  const source = ts.createSourceFile(file, readFileSync(join(repositoryRoot, file), "utf8"), ts.ScriptTarget.Latest);
  const found: Text[] = [];
  const visit = (node: ts.Node): void => {
    const { line } = source.getLineAndCharacterOfPosition(Math.max(node.pos, 0));
    const add = (text: string): void => void found.push({ where: `${file}:${line + 1}`, text });
    if (ts.isImportDeclaration(node)) return;
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) add(node.text);
    if (ts.isTemplateExpression(node))
      add(node.head.text + node.templateSpans.map(({ literal }) => `HOLE${literal.text}`).join(""));
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** `up$1`, of a replacement by a regular expression, and a command that the code completes. */
const completedByCode = /HOLE$|\$\d$/;

/** From the program's name to the end of the command: prose goes on after a mark, and a shell after an operator. */
function commandLines(text: string): readonly string[] {
  const lines = text.matchAll(/(?<![\w./@-])ameide-secrets((?: +(?![<>|&] )[^\s;,:()`"']+)+)/g);
  return [...lines].map(([, words = ""]) => `ameide-secrets${words.replace(/[.?!]$/, "")}`);
}

function problemsOf(line: string): readonly string[] {
  const words = line.split(/ +/).slice(1);
  if (!/^[a-z][a-z-]*$/.test(words[0] ?? "")) return []; // the program itself, such as `ameide-secrets --help`
  const command = commands
    .toSorted((a, b) => b.name.length - a.name.length)
    .find(({ name }) => name.split(" ").every((word, index) => words[index]?.replace(completedByCode, "") === word));
  if (command === undefined) return line.endsWith("local environment") ? [] : ["no such command"];
  return words.flatMap((word, index): readonly string[] => {
    const [name = "", own] = word.split("=");
    if (!name.startsWith("--") || name === "--help") return [];
    const option = command.options?.find(({ flags }) => flags.split(" ")[0] === name);
    if (option === undefined) return [`${command.name} has no ${name}`];
    const value = option.flags.includes("<") ? (own ?? words[index + 1]) : undefined;
    const isHole = value === undefined || /HOLE|[<A-Z]/.test(value);
    if (isHole || option.choices === undefined || option.choices.includes(value)) return [];
    return [`${name} of ${command.name} cannot be ${value}`];
  });
}

/** Keys under a group of settings; a host name or a file has the same form. */
function settingsIn(text: string): readonly string[] {
  const keys = text.matchAll(
    /(?<![\w./@<-])(?:azure|cluster|vault|bootstrap|registry)(?:\.[a-z][A-Za-z]+)+(?![\w./-]*[\w/-])/g,
  );
  return [...keys]
    .map(([key]) => key)
    .filter((key) => !/\.(?:ts|mjs|json|md|net|svc|io|com|local|keyvault)\b/.test(key));
}

function keysOf(schema: z.ZodType): readonly string[] {
  const visit = (json: z.core.JSONSchema.BaseSchema, path: string): readonly string[] =>
    Object.entries(json.properties ?? {}).flatMap(([key, child]) => {
      const at = path === "" ? key : `${path}.${key}`;
      return typeof child === "boolean" ? [at] : [at, ...visit(child, at)];
    });
  return visit(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }), "");
}
