import { spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { constants } from "node:os";
import { join } from "node:path";
import { identify, isAlive, signalGroup, type ProcessIdentity } from "../../local/process-identity.ts";
import { ContainerLog, tailOfLog } from "./container-log.ts";
import { wholeSeconds, type Container, type Terminated } from "./pod.ts";

export interface ContainerProcess {
  readonly startedAt: string;
  readonly log: ContainerLog;
  /** Never rejects: a command that cannot be started ends with `StartError`. */
  readonly ended: Promise<Terminated>;
  /** Signals the process and its children. */
  signal(name: "SIGTERM" | "SIGKILL"): void;
}

export interface ContainerCommand {
  /** Program and arguments, with paths of this machine. */
  readonly argv: readonly [string, ...string[]];
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDir: string;
  /** `terminationMessagePath`. */
  readonly terminationFile: string;
}

/** A container runtime's code for a command that cannot be started. */
const startErrorExitCode = 128;
const longestTerminationMessage = 4096;

/** Starts a process group with only the given environment. A later run of the node finds its identity in `dir`. */
export async function startContainer(
  dir: string,
  attempt: number,
  { terminationMessagePolicy }: Container,
  { argv: [program, ...args], environment, workingDir, terminationFile }: ContainerCommand,
): Promise<ContainerProcess> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await mkdir(workingDir, { recursive: true, mode: 0o700 });
  await writeFile(terminationFile, "", { mode: 0o600 });
  const logPath = logFile(dir, attempt);
  const log = new ContainerLog(logPath);
  const startedAt = wholeSeconds();
  const child = spawn(program, args, {
    cwd: workingDir,
    env: environment,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true, // its own process group: a signal reaches what it started too, and Ctrl-C here does not reach it
  });
  log.copy(child.stdout, "stdout");
  log.copy(child.stderr, "stderr");
  // before anything is awaited: a missing program emits its error at once
  const exit = new Promise<Omit<Terminated, "startedAt" | "finishedAt">>((resolve) => {
    child.once("error", (error) =>
      resolve({ exitCode: startErrorExitCode, reason: "StartError", message: error.message }),
    );
    child.once("exit", (code, signal) => {
      const number = signal === null ? undefined : constants.signals[signal];
      if (number !== undefined) resolve({ exitCode: 128 + number, signal: number, reason: "Error" });
      else resolve({ exitCode: code ?? 0, reason: code === 0 ? "Completed" : "Error" });
    });
  });
  const identity = child.pid === undefined ? undefined : identify(child.pid);
  if (identity !== undefined) await writeFile(join(dir, "process.json"), JSON.stringify(identity), { mode: 0o600 });

  const ended = async (): Promise<Terminated> => {
    const { message, ...outcome } = await exit;
    if (child.pid !== undefined) signalGroup(child.pid, "SIGKILL"); // what it left behind goes with it, as in a container
    await log.close();
    const lastWords =
      message ?? (await terminationMessage(terminationFile, terminationMessagePolicy, logPath, outcome.exitCode));
    return { ...outcome, ...(lastWords === "" ? {} : { message: lastWords }), startedAt, finishedAt: wholeSeconds() };
  };
  return {
    startedAt,
    log,
    ended: ended(),
    signal: (name) => {
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) signalGroup(child.pid, name);
    },
  };
}

/** Output of the n-th run of a container; 0 is the first. */
export function logFile(dir: string, attempt: number): string {
  return join(dir, `${attempt}.log`);
}

/** Ends the process that an earlier, killed run of this node left behind. */
export async function killLeftover(dir: string): Promise<void> {
  let identity: ProcessIdentity;
  try {
    identity = JSON.parse(await readFile(join(dir, "process.json"), "utf8")) as ProcessIdentity;
  } catch {
    return; // it was never started
  }
  if (isAlive(identity)) signalGroup(identity.pid, "SIGKILL");
}

async function terminationMessage(
  file: string,
  policy: Container["terminationMessagePolicy"],
  logPath: string,
  exitCode: number,
): Promise<string> {
  const written = (await readFile(file, "utf8")).slice(0, longestTerminationMessage);
  if (written !== "" || policy !== "FallbackToLogsOnError" || exitCode === 0) return written;
  return tailOfLog(logPath);
}
