/**
 * `node tests/policies/mutation.ts [FILE...]`: negates each condition of the rules, one at a time, and asks whether the
 * examples notice. A condition that can be turned round unseen is one that no test is about. Not part of `npm test`.
 */
import { readdirSync, readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import ts from "typescript";
import { repositoryRoot } from "../../environments/repository.ts";

interface Mutant {
  readonly id: number;
  readonly file: string;
  readonly line: number;
  readonly start: number;
  readonly end: number;
  /** The condition as written. */
  readonly text: string;
}

type Body = (this: { timeout(ms: number): void }) => unknown;

const suites = [
  "rules",
  "external-secret",
  "authority",
  "secret-store",
  "secretness",
  "vault-hcl",
  "durations",
  "lifecycle",
  "lint/lint",
  "bootstrap",
  "identity",
  "key-vault",
  "placeholder",
  "vault",
];
const ours = ["policies", "tests"].map((folder) => pathToFileURL(join(repositoryRoot, folder, "/")).href);

let mutant: Mutant | undefined;
const tests: Body[] = [];
Object.assign(globalThis, {
  describe: (_name: string, body: Body) => body.call({ timeout: () => undefined }),
  it: (_name: string, body: Body) => tests.push(body),
});

// a fresh copy of every module of ours for each mutant, and the one with the negated condition in it
registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context);
    const url = resolved.url.split("?")[0] ?? resolved.url;
    const own = mutant !== undefined && ours.some((folder) => url.startsWith(folder));
    return own ? { ...resolved, url: `${url}?mutant=${mutant?.id ?? 0}` } : resolved;
  },
  load(url, context, next) {
    const loaded = next(url, context);
    if (mutant === undefined || !url.endsWith(`policies/${mutant.file}?mutant=${mutant.id}`)) return loaded;
    const source = readFileSync(fileURLToPath(url), "utf8");
    const { start, end } = mutant;
    if (end === 0) return loaded;
    return { ...loaded, source: `${source.slice(0, start)}!(${source.slice(start, end)})${source.slice(end)}` };
  },
});

const named = process.argv.slice(2);
const files = named.length > 0 ? named : readdirSync(join(repositoryRoot, "policies")).filter(holdsConditions);
const mutants = files.flatMap(mutantsOf).map((found, id) => ({ ...found, id }));
const survivors: Mutant[] = [];
const untouched: Mutant = { id: mutants.length, file: files[0] ?? "", line: 0, start: 0, end: 0, text: "" };
if (await isNoticed(untouched)) throw new Error("the tests fail before anything is negated");
for (const one of mutants) {
  process.stderr.write(`\r${one.id + 1} of ${mutants.length}`);
  if (!(await isNoticed(one))) survivors.push(one);
}
process.stderr.write("\n");
for (const { file, line, text } of survivors)
  process.stdout.write(`policies/${file}:${line}: not noticed when negated: ${text}\n`);
process.stdout.write(`${mutants.length - survivors.length} of ${mutants.length} negated conditions are noticed\n`);
process.exitCode = survivors.length === 0 ? 0 : 1;

/** What is only glue has no condition of a rule in it, and tests of its own. */
function holdsConditions(name: string): boolean {
  const glue = ["index.ts", "guard.ts", "exemptions.ts", "judge.ts", "environment.ts"];
  return name.endsWith(".ts") && !glue.includes(name);
}

/** Conditions of `if` and `?:`, and what `filter`, `find`, `some` and `every` ask. */
function mutantsOf(file: string): readonly Omit<Mutant, "id">[] {
  const source = readFileSync(join(repositoryRoot, "policies", file), "utf8");
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.ES2024, true);
  const found: Omit<Mutant, "id">[] = [];
  const add = (node: ts.Node): void => {
    const [start, end] = [node.getStart(tree), node.getEnd()];
    const line = tree.getLineAndCharacterOfPosition(start).line + 1;
    found.push({ file, line, start, end, text: source.slice(start, end).replaceAll(/\s+/g, " ") });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isIfStatement(node)) add(node.expression);
    if (ts.isConditionalExpression(node)) add(node.condition);
    if (ts.isCallExpression(node)) {
      const asked = ts.isPropertyAccessExpression(node.expression) ? node.expression.name.text : "";
      const [first] = node.arguments;
      const asks =
        ["filter", "find", "some", "every"].includes(asked) && first !== undefined && ts.isArrowFunction(first);
      if (asks && !ts.isBlock(first.body)) add(first.body);
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

/** Whether one test fails, or the module cannot even be loaded. */
async function isNoticed(one: Mutant): Promise<boolean> {
  mutant = one;
  tests.length = 0;
  try {
    for (const suite of suites)
      await import(pathToFileURL(join(repositoryRoot, "tests", "policies", `${suite}.test.ts`)).href);
    for (const test of tests) await test.call({ timeout: () => undefined });
    return false;
  } catch {
    return true;
  } finally {
    mutant = undefined;
  }
}
