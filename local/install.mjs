// Prints a line now and then; npm's own output goes to a log.
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/** Measured with an empty cache on two cores. */
export const npmFetch = { name: "npm packages", how: "npm ci", estimateInSeconds: 60, megabytes: 740 };

/** `npm ci`: only the versions in package-lock.json. */
const installArguments = ["ci", "--no-audit", "--no-fund"];

const progressEveryInSeconds = 10;

/** @returns npm's exit code; errors were printed. */
export async function installPackages(root) {
  const start = Date.now();
  const seconds = () => Math.round((Date.now() - start) / 1000);
  const log = logFile();
  console.error(`npm packages: npm ci, about ${npmFetch.estimateInSeconds} s`);
  const progress = setInterval(
    () => console.error(`npm packages: ${seconds()} s of about ${npmFetch.estimateInSeconds} s`),
    progressEveryInSeconds * 1000,
  );
  const code = await runNpm(installArguments, root, log);
  clearInterval(progress);
  if (code !== 0) {
    if (code < 128) printFailure(code, log); // else a signal ended it, and whoever sent it knows
    return code;
  }
  rmSync(log);
  console.error(`npm packages: done in ${seconds()} s`);
  return code;
}

/** @returns its exit code; 128 and more if a signal ended it. */
export function runNpm(args, folder, log) {
  return new Promise((resolve, reject) => {
    const output = openSync(log, "a", 0o600);
    // the npm that runs us, where there is one
    const own = process.env.npm_execpath;
    const isScript = own !== undefined && /\.[cm]?js$/.test(own);
    const [file, first] = isScript ? [process.execPath, [own]] : ["npm", []];
    const child = spawn(file, [...first, ...args], { cwd: folder, stdio: ["ignore", output, output] });
    closeSync(output);
    const signals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };
    let ended;
    const stop = (signal) => {
      ended = signals[signal];
      child.kill(signal);
    };
    for (const signal of Object.keys(signals)) process.on(signal, stop);
    child.once("error", (error) => reject(new Error(`${file} does not start: ${error.message}`)));
    child.once("exit", (code) => {
      for (const signal of Object.keys(signals)) process.off(signal, stop);
      resolve(ended ?? code ?? 1);
    });
  });
}

/** `$XDG_CACHE_HOME/ameide-secrets`, or below `~/.cache`; created if missing. */
export function cacheDir() {
  const cache = process.env.XDG_CACHE_HOME ?? "";
  const dir = join(isAbsolute(cache) ? cache : join(homedir(), ".cache"), "ameide-secrets");
  mkdirSync(dir, { recursive: true });
  return dir;
}

function logFile() {
  return join(cacheDir(), `npm-install-${process.pid}.log`);
}

function printFailure(code, log) {
  const lines = readFileSync(log, "utf8").trimEnd().split("\n").slice(-6);
  console.error(`ameide-secrets: npm ci ended with ${code}\n${lines.map((line) => `    ${line}`).join("\n")}`);
  console.error(`  fix: read ${log}, fix the cause, and run the command again`);
}
