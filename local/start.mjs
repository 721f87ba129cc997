// `npm start` and `npm test` on a fresh clone, for Node 18 and newer: plain JavaScript, since nothing is installed yet.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { showOverview } from "./overview/show.mjs";
import { installPackages, npmFetch } from "./install.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** As in package.json: this version runs TypeScript. */
const wantedNode = [22, 18];

/** Six servers and the engine share the machine: collect garbage before it is 100 MiB. */
const smallHeap = "--max-semi-space-size=4";

/** @returns 2 if it cannot run, like the command line; else the exit code of the command. */
async function main(args) {
  if (process.platform === "win32") {
    return refuse("the local environment does not run on Windows", "use Linux, macOS or WSL 2");
  }
  const isTest = args[0] === "--test";
  const rest = isTest ? args.slice(1) : args;
  const isFresh = !isInstalled();
  if (isFresh) {
    const look = isTest ? 0 : await showOverview({ root, envFiles: envFilesOf(rest), alsoFetched: [npmFetch] });
    if (look !== 0) return look;
    const code = await installPackages(root);
    if (code !== 0) return code;
  }
  const node = findNode();
  if (node === undefined) {
    return refuse(
      `Node ${process.versions.node} is too old, and npm did not install another for ${process.platform}-${process.arch}`,
      `install Node ${wantedNode.join(".")} or newer`,
    );
  }
  if (!isTest)
    return run(node, [
      smallHeap,
      join("cli", "bin.mjs"),
      "local",
      "up",
      ...(isFresh ? ["--no-overview"] : []),
      ...rest,
    ]);
  const code = await run(node, [join("local", "toolchain", "get.ts")]);
  return code === 0 ? run(node, [join("tests", "support", "check.mjs"), ...rest]) : code;
}

/** npm writes its own lock file last, so an interrupted installation has none. */
function isInstalled() {
  const installed = join(root, "node_modules", ".package-lock.json");
  return existsSync(installed) && statSync(installed).mtimeMs >= statSync(join(root, "package-lock.json")).mtimeMs;
}

/** As in `--dotenv` of `local up`. */
function envFilesOf(args) {
  const named = args.flatMap((arg, index) => {
    if (arg.startsWith("--dotenv=")) return [arg.slice("--dotenv=".length)];
    return arg === "--dotenv" && args[index + 1] !== undefined ? [args[index + 1]] : [];
  });
  return named.length === 0 ? [".env.example"] : named;
}

/** npm's `node` package if it runs on this machine, else the current Node if it is new enough. */
function findNode() {
  const fromNpm = join(root, "node_modules", ".bin", "node");
  if (existsSync(fromNpm) && spawnSync(fromNpm, ["--version"]).status === 0) return fromNpm;
  const [major, minor] = process.versions.node.split(".").map(Number);
  const [wantedMajor, wantedMinor] = wantedNode;
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor) ? process.execPath : undefined;
}

function run(file, args) {
  return new Promise((resolve) => {
    const child = spawn(file, args, { cwd: root, stdio: "inherit" });
    // a terminal sends Ctrl-C to all of its processes; passed on, it would arrive twice
    const passOn = (signal) => (process.stdin.isTTY && signal === "SIGINT" ? undefined : child.kill(signal));
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
    for (const signal of signals) process.on(signal, passOn);
    child.once("error", (error) =>
      resolve(refuse(`${file} does not start: ${error.message}`, "rm -r node_modules, then npm start")),
    );
    child.once("exit", (code, signal) => {
      for (const name of signals) process.off(name, passOn);
      resolve(code ?? 128 + (constants.signals[signal] ?? 0)); // as shells have it
    });
  });
}

function refuse(problem, fix) {
  console.error(`ameide-secrets: ${problem}\n  fix: ${fix}`);
  return 2;
}

process.exitCode = await main(process.argv.slice(2));
