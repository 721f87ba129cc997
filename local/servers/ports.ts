import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../domain/user-error.ts";
import { allPids, commandOf } from "../process-identity.ts";

export interface NeededPort {
  readonly server: string;
  readonly port: number;
}

/** @throws UserError with all ports in use, and by which process if the system shows it. */
export async function requireFreePorts(needed: readonly NeededPort[], portBase: number): Promise<void> {
  const look = async () => (await busyOf(needed)).map((place) => ({ ...place, pid: findListener(place.port) }));
  let busy = await look();
  // of a process that has just ended, or another user's; the former is free soon
  if (busy.some(({ pid }) => pid === undefined)) {
    await sleep(500);
    busy = await look();
  }
  if (busy.length === 0) return;
  const pids = [...new Set(busy.flatMap(({ pid }) => pid ?? []))];
  throw UserError.of(
    "local-port-in-use",
    busy.map(({ port, server, pid }) => `port ${port} for ${server} is in use${holderText(pid)}`).join("\n"),
    (pids.length === 0 ? "stop the process that uses it" : `stop the process that uses it (kill ${pids.join(" ")})`) +
      `, or move the local environment from ports ${portBase} to ${portBase + 9}: --port-base PORT`,
  );
}

async function busyOf(needed: readonly NeededPort[]): Promise<readonly NeededPort[]> {
  const free = await Promise.all(needed.map(({ port }) => isFree(port)));
  return needed.filter((_, index) => !free[index]);
}

/** On 127.0.0.1. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** @returns `undefined` if it is another user's, or the system is not Linux. */
export function findListener(port: number): number | undefined {
  try {
    const inodes = new Set(["/proc/net/tcp", "/proc/net/tcp6"].flatMap((table) => listeningInodes(table, port)));
    return allPids().find((pid) => socketsOf(pid).some((inode) => inodes.has(inode)));
  } catch {
    return undefined;
  }
}

function listeningInodes(table: string, port: number): readonly string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, "0");
  return readFileSync(table, "utf8")
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local = "", , state]) => state === "0A" && local.endsWith(`:${wanted}`)) // 0A: LISTEN
    .flatMap((fields) => fields[9] ?? []);
}

function socketsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
      } catch {
        return []; // closed meanwhile
      }
    });
  } catch {
    return []; // gone, or another user's
  }
}

function holderText(pid: number | undefined): string {
  if (pid === undefined) return " by another process";
  const command = commandOf(pid);
  return ` by process ${pid}${command === undefined ? "" : ` (${command.slice(0, 120)})`}`;
}
