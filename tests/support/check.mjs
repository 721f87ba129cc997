// Everything that must hold before a change lands: types, lint, format, direction of imports, unused code, generated
// docs, then the tests. All of it runs even when an early step fails, so that one run tells every mistake.
import { spawnSync } from "node:child_process";
import { rmSync, readFileSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const bin = join(root, "node_modules", ".bin");
const env = { ...process.env, PATH: [bin, process.env.PATH].join(delimiter), FORCE_COLOR: "0" };

const checks = [
  ["types", "tsc", ["--project", ".", "--pretty", "false"]],
  ["lint", "oxlint", ["--type-aware", "--deny-warnings"]],
  ["format", "oxfmt", ["--check", "."]],
  ["imports", "depcruise", [".", "--config", ".dependency-cruiser.cjs", "--output-type", "err"]],
  ["unused", "knip", ["--no-progress"]],
  ["docs", process.execPath, ["docs/generate.ts", "--check"]],
];

const only = process.argv.slice(2);
const results = mkdtempSync(join(tmpdir(), "ameide-secrets-check-"));
const counts = { passed: 0, failed: 0 };

const run = (command, args) => spawnSync(command, args, { cwd: root, env, stdio: "inherit" }).status ?? 1;

for (const [name, command, args] of only.includes("--no-checks") ? [] : checks) {
  const start = performance.now();
  const status = run(command, args);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log([status === 0 ? "ok  " : "FAIL", name, `(${seconds} s)`].join(" "));
  counts[status === 0 ? "passed" : "failed"] += 1;
}

if (!only.includes("--no-tests")) {
  const report = join(results, "mocha.json");
  // a "spec" in .mocharc.json would be added to what a person names, not replaced by it
  const named = only.filter((argument) => !argument.startsWith("--"));
  const specs = named.length > 0 ? named : ["tests/**/*.test.ts"];
  const status = run("mocha", [
    "--no-color",
    "--reporter",
    "tests/support/reporter.cjs",
    "--reporter-option",
    `output=${report}`,
    ...specs,
  ]);
  try {
    const { passes, failures } = JSON.parse(readFileSync(report, "utf8"));
    counts.passed += passes;
    counts.failed += failures;
    if (status !== 0 && failures === 0) counts.failed += 1;
  } catch {
    console.log("FAIL mocha wrote no report: it ended before its tests did");
    counts.failed += 1;
  }
}
rmSync(results, { recursive: true, force: true });

console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exit(counts.failed === 0 ? 0 : 1);
