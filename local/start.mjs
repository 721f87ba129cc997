// `npm start` and `npm test` on a fresh clone: installs the packages, then hands over to the command line or the checks.
// Plain JavaScript without dependencies, for Node 18 and newer: nothing is installed when it begins.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { showFirstLook } from "./first-look/show.mjs";
import { installPackages, npmFetch } from "./install.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** As in package.json: the first version that runs TypeScript. */
const wantedNode = [22, 18];

/** The program shares its machine with six servers and the engine: garbage is collected before it is 100 MiB. */
const smallHeap = "--max-semi-space-size=4";

/** Ends with the exit code of what was asked for; 2 where it cannot run, as the command line's. */
async function main(args) {
  if (process.platform === "win32") {
    return refuse("the local environment does not run on Windows", "use Linux, macOS or WSL 2");
  }
  const isTest = args[0] === "--test";
  const rest = isTest ? args.slice(1) : args;
  const isFresh = !isInstalled();
  if (isFresh) {
    const look = isTest ? 0 : await showFirstLook({ root, envFiles: envFilesOf(rest), alsoFetched: [npmFetch] });
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
      ...(isFresh ? ["--no-first-look"] : []),
      ...rest,
    ]);
  const code = await run(node, [join("local", "toolchain", "get.ts")]);
  return code === 0 ? run(node, [join("tests", "support", "check.mjs"), ...rest]) : code;
}

/** npm writes its own lock file into node_modules last: one that was interrupted lacks it. */
function isInstalled() {
  const installed = join(root, "node_modules", ".package-lock.json");
  return existsSync(installed) && statSync(installed).mtimeMs >= statSync(join(root, "package-lock.json")).mtimeMs;
}

/** The files that `local up` will read; as its own `--dotenv` names them. */
function envFilesOf(args) {
  const named = args.flatMap((arg, index) => {
    if (arg.startsWith("--dotenv=")) return [arg.slice("--dotenv=".length)];
    return arg === "--dotenv" && args[index + 1] !== undefined ? [args[index + 1]] : [];
  });
  return named.length === 0 ? [".env.example"] : named;
}

/** npm's own `node` package where it runs on this machine, else the Node that runs this, if it is new enough. */
function findNode() {
  const fromNpm = join(root, "node_modules", ".bin", "node");
  if (existsSync(fromNpm) && spawnSync(fromNpm, ["--version"]).status === 0) return fromNpm;
  const [major, minor] = process.versions.node.split(".").map(Number);
  const [wantedMajor, wantedMinor] = wantedNode;
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor) ? process.execPath : undefined;
}

/** Runs it in the foreground: its output is ours, and so are its end and the signals that would end us. */
function run(file, args) {
  return new Promise((resolve) => {
    const child = spawn(file, args, { cwd: root, stdio: "inherit" });
    // a terminal sends Ctrl-C to all of its processes itself; passed on as well it would count twice
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
