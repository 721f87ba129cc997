import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { localHome, type LocalHome } from "../../local/home.ts";
import { tryLock } from "../../local/lock.ts";
import { isFree } from "../../local/servers/ports.ts";
import type { ServerName } from "../../local/servers/server.ts";
import { startServers } from "../../local/servers/start.ts";
import { stopServers } from "../../local/servers/stop.ts";
import { binariesOf, inspectToolchain } from "../../local/toolchain/inspect.ts";
import type { Binaries } from "../../local/toolchain/pieces.ts";

const prefix = "ameide-secrets-test-";

export interface TestServers {
  readonly home: LocalHome;
  readonly binaries: Binaries;
}

/**
 * Gives a suite a home of its own, in a new folder and on free ports, with the servers that it names (and what these
 * need) running; they stop and the folder goes when the suite ends. Call it in a `describe`; what it returns gives the
 * servers once the suite runs.
 */
export function useServers(only: readonly ServerName[]): () => TestServers {
  let servers: TestServers | undefined;

  before(async function () {
    this.timeout(180_000);
    const binaries = await testBinaries();
    const home = await temporaryHome();
    servers = { home, binaries };
    await startServers(home, binaries, { only });
  });

  after(async function () {
    this.timeout(60_000);
    if (servers !== undefined) await forget(servers.home);
  });

  return () => {
    if (servers === undefined) throw new Error("the servers run from `before` on, not while the suite is described");
    return servers;
  };
}

/** An unused home: a folder of its own, made by whoever uses it, and ten free ports. */
export async function temporaryHome(): Promise<LocalHome> {
  await forgetAbandoned();
  const dir = mkdtempSync(join(tmpdir(), prefix));
  tryLock(ownerFile(dir));
  return localHome({ dir, portBase: await freePortBase() });
}

/** Stops what runs in a test's home and removes it. */
export async function forget(home: LocalHome): Promise<void> {
  await stopServers(home);
  rmSync(home.dir, { recursive: true, force: true });
  rmSync(ownerFile(home.dir), { force: true });
}

/**
 * Those of test runs that were killed: nobody else would ever stop their servers. Of runs that clear at the same time each
 * home has one that takes it over; where it was gone by then, there is nothing to stop and nothing to remove.
 */
async function forgetAbandoned(): Promise<void> {
  const names = readdirSync(tmpdir()).filter((name) => name.startsWith(prefix) && name.endsWith(".owner"));
  for (const file of names.map((name) => join(tmpdir(), name))) {
    if (!("heldBy" in tryLock(file))) await forget(localHome({ dir: file.slice(0, -".owner".length) }));
  }
}

/** Lock of the run that uses the home. It is next to the home: a home is created in an empty folder only. */
function ownerFile(dir: string): string {
  return `${dir}.owner`;
}

/** @throws Error when a piece is missing: tests build nothing, `npm test` does so before them. */
export async function testBinaries(): Promise<Binaries> {
  const state = await inspectToolchain();
  if (state.missing.length > 0) {
    throw new Error(`run npm test: the toolchain lacks ${state.missing.map(({ piece }) => piece.name).join(", ")}`);
  }
  return binariesOf(state);
}

/**
 * The first of ten free ports, which are this process's until it ends: suites that begin at the same time get other ones.
 * Below the range that systems hand out for outgoing connections, so that none of these lands on it meanwhile.
 */
export async function freePortBase(): Promise<number> {
  for (;;) {
    const portBase = 12_000 + 10 * Math.floor(Math.random() * 1500);
    const lock = tryLock(join(tmpdir(), `${prefix}ports-${portBase}.lock`));
    if ("heldBy" in lock) continue;
    const free = await Promise.all(Array.from({ length: 10 }, (_, offset) => isFree(portBase + offset)));
    if (free.includes(false)) {
      lock.release();
      continue;
    }
    process.once("exit", () => lock.release());
    return portBase;
  }
}
