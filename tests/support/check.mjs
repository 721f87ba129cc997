// Everything that must be true before a change lands: types, lint, format, direction of imports, unused code, generated
// docs, and the tests. All of it runs even when an early step fails, so that one run reports every mistake.
import { spawn } from "node:child_process";
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const bin = join(root, "node_modules", ".bin");
/** What earlier runs left for the next ones. */
const cacheFolder = join(root, "node_modules", ".cache", "ameide-secrets");
const env = {
  ...process.env,
  PATH: [bin, process.env.PATH].join(delimiter),
  FORCE_COLOR: "0",
  NODE_COMPILE_CACHE: join(cacheFolder, "compiled"), // over a hundred processes load the same modules
};

const checks = [
  ["types and lint", "oxlint", ["--deny-warnings"]],
  ["format", "oxfmt", ["--check", "."]],
  ["imports", "depcruise", [".", "--config", ".dependency-cruiser.cjs", "--output-type", "err"]],
  ["unused", "knip", ["--no-progress"]],
  ["docs", process.execPath, ["docs/generate.ts", "--check"]],
];

/** Seconds by test file, of the last whole run. */
const durationsFile = join(cacheFolder, "test-seconds.json");
/** Folders with tests that start servers. */
const slowFolders = /^tests\/(?:chain|engine|bootstrap|policies|cli\/access|cli\/deploy|local\/servers)\//;
/** Before the first run, such as in CI: a whole environment is broken and repaired in the first, the second start a few servers. */
const guessedSeconds = (file) => (file.startsWith("tests/chain/") ? 150 : slowFolders.test(file) ? 20 : 1);

const only = process.argv.slice(2);
const counts = { passed: 0, failed: 0 };
/** @type {string[]} - repeated at the end: a log that is cut off keeps its end. */
const failed = [];
const secondsSince = (start) => (performance.now() - start) / 1000;

const named = only.filter((argument) => !argument.startsWith("--"));
const groups = only.includes("--no-tests") ? [] : groupsOf(named.length > 0 ? named : ["tests/**/*.test.ts"]);
await Promise.all([
  only.includes("--no-checks") ? undefined : runChecks(),
  groups.length === 0 ? undefined : runTests(groups, named.length === 0),
]);
for (const one of failed) console.log(`\nFAIL ${one}`);
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exit(counts.failed === 0 ? 0 : 1);

/** One after the other: each uses a core fully, next to tests that wait for their servers. */
async function runChecks() {
  for (const [name, command, args] of checks) {
    const start = performance.now();
    const { status, text } = await run(command, args, false);
    const verdict = [status === 0 ? "ok  " : "FAIL", name, `(${secondsSince(start).toFixed(1)} s)`].join(" ");
    process.stdout.write(`${text}${verdict}\n`);
    counts[status === 0 ? "passed" : "failed"] += 1;
    if (status !== 0) failed.push(name);
  }
}

/** Most of the time of the slow tests is waiting, so several run side by side; each has servers and ports of its own. */
async function runTests(groups, isWhole) {
  const start = performance.now();
  const known = lastDurations();
  const secondsOf = ({ files }) => files.reduce((sum, file) => sum + (known[file] ?? guessedSeconds(file)), 0);
  // longest first: one that begins last would keep one process busy alone
  const waiting = groups.toSorted((a, b) => secondsOf(b) - secondsOf(a));
  const jobs = Math.min(waiting.length, 4, 2 * availableParallelism());
  const seconds = {};
  const worker = async () => {
    for (let group = waiting.shift(); group !== undefined; group = waiting.shift()) {
      const ended = await runMocha(group.files, jobs === 1);
      process.stdout.write(ended.text);
      counts.passed += ended.passes;
      counts.failed += ended.failures;
      failed.push(...ended.failed);
      Object.assign(seconds, ended.seconds);
    }
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  const slowest = Object.entries(seconds).toSorted(([, a], [, b]) => b - a);
  const sum = slowest.reduce((total, [, one]) => total + one, 0);
  const minutes = (value) => (value / 60).toFixed(1);
  console.log(
    `tests: ${minutes(secondsSince(start))} min in ${jobs} processes, ${minutes(sum)} min one after the other; the longest files:`,
  );
  for (const [file, one] of slowest.slice(0, 15)) console.log(`${one.toFixed(0).padStart(6)} s  ${file}`);
  if (!isWhole) return;
  mkdirSync(dirname(durationsFile), { recursive: true });
  writeFileSync(durationsFile, JSON.stringify(seconds));
}

/** Files that run in one process: those that share servers, each other slow one alone, the quick ones by folder. */
function groupsOf(specs) {
  const files = specs.flatMap((spec) => (/[*?[{]/.test(spec) ? globSync(spec, { cwd: root }).toSorted() : [spec]));
  const keyOf = (file) => {
    const [shared, first] = /\/use-rig\.ts"|useSharedServers\(\["([\w-]+)"/.exec(readFileSync(join(root, file), "utf8")) ?? []; // prettier-ignore
    if (shared !== undefined) return first ?? shared;
    return slowFolders.test(file) ? file : file.split("/").slice(0, 2).join("/");
  };
  return [...Map.groupBy(new Set(files), keyOf).values()].map((group) => ({ files: group }));
}

function lastDurations() {
  try {
    return JSON.parse(readFileSync(durationsFile, "utf8"));
  } catch {
    return {};
  }
}

/** @param isAlone - whether its output is shown as it comes, and not as a whole at its end. */
async function runMocha(files, isAlone) {
  const folder = mkdtempSync(join(tmpdir(), "ameide-secrets-check-"));
  const report = join(folder, "mocha.json");
  // a "spec" in .mocharc.json would be added to what a person names, not replaced by it
  const args = ["--no-color", "--reporter", "tests/support/reporter.cjs", "--reporter-option", `output=${report}`, ...files]; // prettier-ignore
  const { status, text } = await run("mocha", args, isAlone);
  try {
    const { passes, failures, failed, seconds } = JSON.parse(readFileSync(report, "utf8"));
    if (status === 0 || failures > 0) return { text, passes, failures, failed, seconds };
    return { text, passes, failures: 1, failed: [`${files.join(" ")}: mocha ended with ${status}`], seconds };
  } catch {
    const noReport = `${files.join(" ")}: mocha ended before its tests did, without a report`;
    return { text, passes: 0, failures: 1, failed: [noReport], seconds: {} };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Ends it after 25 minutes. @param isShown - whether its output is shown as it comes, instead of returned. */
async function run(command, args, isShown) {
  const output = isShown ? "inherit" : "pipe";
  const child = spawn(command, args, { cwd: root, env, stdio: ["ignore", output, output], timeout: 1_500_000 });
  let text = "";
  child.stdout?.setEncoding("utf8").on("data", (part) => (text += part));
  child.stderr?.setEncoding("utf8").on("data", (part) => (text += part));
  const status = await new Promise((resolve) => {
    child.once("error", (error) => {
      text += `${error.message}\n`;
      resolve(1);
    });
    child.once("close", (code) => resolve(code ?? 1));
  });
  return { status, text };
}
