import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, existsSync, openSync, renameSync, statSync } from "node:fs";
import { UserError } from "../../domain/user-error.ts";
import type { LocalHome } from "../home.ts";
import { identify } from "../process-identity.ts";
import { waitUntil } from "../wait-until.ts";
import { homeVariable, logFile, writeRecord } from "./records.ts";
import type { Server } from "./server.ts";
import { lastLines } from "./watch.ts";

const keptLogInBytes = 5_000_000;
/** For a machine that builds at the same time; a server that cannot start ends sooner. */
const patienceInSeconds = 90;

/**
 * Starts a server in its own process group, so that it outlives this run and its Ctrl-C, and waits until it serves.
 *
 * @throws UserError with the end of its log if it ends or does not serve in time.
 */
export async function launch(home: LocalHome, server: Server, signal?: AbortSignal): Promise<void> {
  const { name, binary, args, environment } = server;
  const logPath = logFile(home, name);
  if (existsSync(logPath) && statSync(logPath).size > keptLogInBytes) renameSync(logPath, `${logPath}.old`);
  const log = openSync(logPath, "a", 0o600);
  const child = spawn(binary, [...args], {
    cwd: home.dir,
    detached: true,
    stdio: ["ignore", log, log],
    env: { PATH: "/usr/bin:/bin", HOME: home.dir, [homeVariable]: home.dir, ...environment },
  });
  closeSync(log);
  const ended = new AbortController();
  child.once("error", (error) => ended.abort(error.message));
  child.once("exit", (code, killedBy) => ended.abort(`ended with ${killedBy ?? code}`));
  const identity = child.pid === undefined ? undefined : identify(child.pid);
  if (identity !== undefined) {
    const port = home.port(server.ports[0]);
    writeRecord(home, { name, ...identity, binary, port, digest: digestOf(server) });
  }
  child.unref();

  const signals = signal === undefined ? ended.signal : AbortSignal.any([ended.signal, signal]);
  try {
    await waitUntil(server.isReady, { inSeconds: patienceInSeconds, forWhat: `${name} to serve`, signal: signals });
  } catch (error) {
    signal?.throwIfAborted();
    const what = ended.signal.aborted ? `${name} ${String(ended.signal.reason)}` : (error as Error).message;
    throw UserError.of(
      "local-server-failed",
      `${what}${lastLines(logPath)}`,
      `read ${logPath}; ameide-secrets local down --delete starts over and removes the stored data`,
      { cause: error },
    );
  }
}

/** Of everything that the process reads when it starts, including its executable. */
export function digestOf({ binary, args, environment, inputs }: Server): string {
  const { size, mtimeMs } = statSync(binary);
  const all = JSON.stringify([binary, size, mtimeMs, args, environment, inputs]);
  return createHash("sha256").update(all).digest("hex").slice(0, 16);
}
