import { ensureHome, type LocalHome } from "../home.ts";
import { isAlive } from "../process-identity.ts";
import type { Binaries } from "../toolchain/pieces.ts";
import { ensureCertificates } from "./certificates.ts";
import { controllerManager } from "./controller-manager.ts";
import { etcdServer } from "./etcd.ts";
import { externalSecrets } from "./external-secrets.ts";
import { kubeApiserver } from "./kube-apiserver.ts";
import { writeKubeconfigs } from "./kubeconfig.ts";
import { digestOf, launch } from "./launch.ts";
import { openbao } from "./openbao.ts";
import { requireFreePorts } from "./ports.ts";
import { readRecords } from "./records.ts";
import type { Server, ServerName } from "./server.ts";
import { standIns, type AzureAccount } from "./stand-ins.ts";
import { endStrays, stopServers } from "./stop.ts";

/** What became of one server. */
export interface ServerProgress {
  readonly name: ServerName;
  /** `kept`: it ran already and serves. `restarted`: it ran with something else, or did not answer. */
  readonly phase: "starting" | "started" | "restarted" | "kept";
  readonly port: number;
  readonly elapsedInSeconds: number;
}

export interface StartOptions {
  /** These, and what they need. @default - all */
  readonly only?: readonly ServerName[];
  readonly onProgress?: (progress: ServerProgress) => void;
  readonly signal?: AbortSignal;
  /** What the Azure stand-in plays; the settings of the `local` stack. */
  readonly azure?: AzureAccount;
}

/**
 * Makes every server of the home run and serve: what runs as it should is left alone, what was killed, changed or does
 * not answer starts anew, at most in parallel. Hold the home's lock (`lockHome`) around it.
 *
 * @throws UserError with all ports that others hold, before anything is started or stopped for it; or when a server
 *   does not come up, with the end of its log.
 */
export async function startServers(home: LocalHome, binaries: Binaries, options: StartOptions = {}): Promise<void> {
  const startedAt = performance.now();
  ensureHome(home);
  const certificates = await ensureCertificates(home);
  await writeKubeconfigs(home);
  const servers = withNeeds(allServers(home, binaries, certificates, options.azure ?? {}), options.only);

  const states = await Promise.all(servers.map(async (server) => ({ server, state: await stateOf(home, server) })));
  const named = (wanted: string) => states.filter(({ state }) => state === wanted).map(({ server }) => server);
  const down = named("down");
  const outdated = named("outdated");
  await endStrays(home);
  await requireFreePorts(portsOf(home, down), home.portBase);
  if (outdated.length > 0) await stopServers(home, { only: outdated.map(({ name }) => name) });

  const tell = ({ name, ports }: Server, phase: ServerProgress["phase"]) => {
    const elapsedInSeconds = Math.round((performance.now() - startedAt) / 100) / 10;
    options.onProgress?.({ name, phase, port: home.port(ports[0]), elapsedInSeconds });
  };
  await inOrder(servers, async (server) => {
    const isOutdated = outdated.includes(server);
    if (!isOutdated && !down.includes(server)) return tell(server, "kept");
    tell(server, "starting");
    await server.prepare?.();
    await launch(home, server, options.signal);
    tell(server, isOutdated ? "restarted" : "started");
  });
}

/** etcd and the API server alone. */
export function startControlPlane(
  home: LocalHome,
  binaries: Binaries,
  options: Omit<StartOptions, "only"> = {},
): Promise<void> {
  return startServers(home, binaries, { ...options, only: ["kube-apiserver"] });
}

/** OpenBao alone: neither initialised nor unsealed. */
export function startOpenBao(
  home: LocalHome,
  binaries: Binaries,
  options: Omit<StartOptions, "only"> = {},
): Promise<void> {
  return startServers(home, binaries, { ...options, only: ["openbao"] });
}

function allServers(home: LocalHome, binaries: Binaries, certificates: string, azure: AzureAccount): readonly Server[] {
  const servers = [
    etcdServer(home, binaries),
    openbao(home, binaries),
    kubeApiserver(home, binaries),
    controllerManager(home, binaries),
    externalSecrets(home, binaries),
    standIns(home, binaries, azure),
  ];
  return servers.map((server) => ({ ...server, inputs: [...server.inputs, certificates] }));
}

function withNeeds(servers: readonly Server[], only: readonly ServerName[] | undefined): readonly Server[] {
  if (only === undefined) return servers;
  const wanted = new Set(only);
  for (const { name, after } of servers.toReversed()) {
    if (wanted.has(name)) for (const needed of after) wanted.add(needed);
  }
  return servers.filter(({ name }) => wanted.has(name));
}

async function stateOf(home: LocalHome, server: Server): Promise<"down" | "outdated" | "serving"> {
  const record = readRecords(home).find(({ name }) => name === server.name);
  if (record === undefined || !isAlive(record)) return "down";
  if (record.digest !== digestOf(server)) return "outdated";
  // one that hangs starts anew; one that only waits for another that was killed serves again when that is back
  const isWaiting = server.after.some((name) => !isRunning(home, name));
  return isWaiting || (await answers(server)) ? "serving" : "outdated";
}

function isRunning(home: LocalHome, wanted: ServerName): boolean {
  const record = readRecords(home).find(({ name }) => name === wanted);
  return record !== undefined && isAlive(record);
}

async function answers(server: Server): Promise<boolean> {
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      if (await server.isReady()) return true;
    } catch {
      // asked again: a busy server may miss one call
    }
  }
  return false;
}

function portsOf(home: LocalHome, servers: readonly Server[]) {
  return servers.flatMap(({ name, ports }) => ports.map((port) => ({ server: name, port: home.port(port) })));
}

/** Runs `start` for each server once those it comes after are through; what failed stops only what needs it. */
async function inOrder(servers: readonly Server[], start: (server: Server) => Promise<void>): Promise<void> {
  const started = new Map<ServerName, Promise<boolean>>();
  const failures: unknown[] = [];
  for (const server of servers) {
    const needs = server.after.map((name) => started.get(name) ?? Promise.resolve(true));
    const attempt = async () => {
      if ((await Promise.all(needs)).includes(false)) return false;
      try {
        await start(server);
        return true;
      } catch (error) {
        failures.push(error);
        return false;
      }
    };
    started.set(server.name, attempt());
  }
  await Promise.all(started.values());
  if (failures.length > 0) throw failures[0];
}
