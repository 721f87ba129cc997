import { ensureHome, type LocalHome } from "../home.ts";
import { isAlive } from "../process-identity.ts";
import type { Binaries } from "../toolchain/pieces.ts";
import { waitUntil } from "../wait-until.ts";
import { ensureCertificates, writeKubeconfigs } from "./certificates.ts";
import { applyClusterObjects } from "./cluster-objects.ts";
import { controllerManager, etcdServer, kubeApiserver, externalSecrets } from "./cluster-servers.ts";
import { digestOf, launch } from "./launch.ts";
import { openbao } from "./openbao.ts";
import { requireFreePorts } from "./ports.ts";
import { readRecords, type ServerRecord } from "./records.ts";
import type { Server, ServerName } from "./server.ts";
import { standIns, type AzureAccount } from "./stand-ins.ts";
import { endUnrecorded, stopServers } from "./stop.ts";

export interface StartOptions {
  /** With the servers that they need. @default - all */
  readonly only?: readonly ServerName[];
  /** Called with a line for each server that starts, such as `etcd serves on 127.0.0.1:28203 (0.9 s)`. */
  readonly onProgress?: (line: string) => void;
  readonly signal?: AbortSignal;
  /** Settings of the `local` stack for the Azure stand-in. */
  readonly azure?: AzureAccount;
}

/**
 * Starts or restarts every server that does not run, does not answer or has changed; in parallel where possible. The
 * caller holds `lockHome`.
 *
 * @returns the names of those that it started.
 * @throws UserError with all ports in use, before any start or stop; or with the log's end of a server that does not
 * start.
 */
export async function startServers(
  home: LocalHome,
  binaries: Binaries,
  options: StartOptions = {},
): Promise<readonly ServerName[]> {
  const startedAt = performance.now();
  ensureHome(home);
  const certificates = await ensureCertificates(home);
  writeKubeconfigs(home);
  const servers = withNeeds(allServers(home, binaries, certificates, options.azure ?? {}), options.only);

  const states = new Map(
    await Promise.all(servers.map(async (server) => [server.name, await stateOf(home, server)] as const)),
  );
  await endUnrecorded(home);
  await requireFreePorts(newPorts(home, servers, states), home.portBase);
  const outdated = servers.map(({ name }) => name).filter((name) => states.get(name) === "outdated");
  if (outdated.length > 0) await stopServers(home, { only: outdated });

  const started: ServerName[] = [];
  await inOrder(servers, async (server) => {
    const state = states.get(server.name);
    if (state === "serving" || (state === "waiting" && (await servesWithin(15, server, options.signal)))) return;
    if (state === "waiting") await stopServers(home, { only: [server.name] });
    await server.prepare?.();
    await launch(home, server, options.signal);
    started.push(server.name);
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    options.onProgress?.(`${server.name} is ready on 127.0.0.1:${home.port(server.ports[0])} (${seconds} s)`);
  });
  return started;
}

function allServers(home: LocalHome, binaries: Binaries, certificates: string, azure: AzureAccount): readonly Server[] {
  let applied: Promise<void> | undefined;
  const applyOnce = () => (applied ??= applyClusterObjects(home, binaries));
  const servers = [
    etcdServer(home, binaries),
    openbao(home, binaries),
    kubeApiserver(home, binaries),
    controllerManager(home, binaries),
    { ...externalSecrets(home, binaries), prepare: applyOnce },
    { ...standIns(home, azure), prepare: applyOnce },
  ];
  return servers.map((server) => ({ ...server, inputs: [...(server.inputs ?? []), certificates] }));
}

function withNeeds(servers: readonly Server[], only: readonly ServerName[] | undefined): readonly Server[] {
  if (only === undefined) return servers;
  const wanted = new Set(only);
  for (const { name, after = [] } of servers.toReversed()) {
    if (wanted.has(name)) for (const needed of after) wanted.add(needed);
  }
  return servers.filter(({ name }) => wanted.has(name));
}

/** `waiting`: it runs, but what it needs does not, so it may serve again. */
type State = "down" | "outdated" | "waiting" | "serving";

async function stateOf(home: LocalHome, server: Server): Promise<State> {
  const record = recordOf(home, server.name);
  if (record === undefined || !isAlive(record)) return "down";
  if (record.digest !== digestOf(server)) return "outdated";
  const needs = (server.after ?? []).map((name) => recordOf(home, name));
  if (needs.some((need) => need === undefined || !isAlive(need))) return "waiting";
  return (await servesWithin(4, server)) ? "serving" : "outdated"; // one that hangs restarts
}

function recordOf(home: LocalHome, wanted: ServerName): ServerRecord | undefined {
  return readRecords(home).find(({ name }) => name === wanted);
}

/** A busy server may miss one call. @throws the signal's reason */
async function servesWithin(inSeconds: number, server: Server, signal?: AbortSignal): Promise<boolean> {
  try {
    await waitUntil(server.isReady, { inSeconds, forWhat: `${server.name} to serve`, signal });
    return true;
  } catch {
    signal?.throwIfAborted();
    return false;
  }
}

/** Ports that must be free: of servers that do not run, and of those that move. */
function newPorts(home: LocalHome, servers: readonly Server[], states: ReadonlyMap<ServerName, State>) {
  return servers
    .filter(({ name, ports }) => {
      const moves = states.get(name) === "outdated" && recordOf(home, name)?.port !== home.port(ports[0]);
      return states.get(name) === "down" || moves;
    })
    .flatMap(({ name, ports }) => ports.map((port) => ({ server: name, port: home.port(port) })));
}

/** A failure stops only the servers that depend on it. */
async function inOrder(servers: readonly Server[], start: (server: Server) => Promise<void>): Promise<void> {
  const started = new Map<ServerName, Promise<boolean>>();
  const failures: unknown[] = [];
  for (const server of servers) {
    const needs = (server.after ?? []).map((name) => started.get(name) ?? Promise.resolve(true));
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
