import { join } from "node:path";
import { readFileSync } from "node:fs";
import type { LocalHome } from "../home.ts";
import { writePrivateFile } from "../private-file.ts";
import { type ProcessIdentity, allPids, identify, isAlive, readProc, statFields } from "../process-identity.ts";
import { serverNames, type ServerName } from "./server.ts";

export interface ServerRecord extends ProcessIdentity {
  readonly name: ServerName;
  readonly binary: string;
  readonly port: number;
  /** Of everything that it was started with; a changed digest requires a restart. */
  readonly digest: string;
}

/** @returns nothing if the file is missing or incomplete. The servers may have ended. */
export function readRecords({ serversFile }: LocalHome): readonly ServerRecord[] {
  try {
    const { servers } = JSON.parse(readFileSync(serversFile, "utf8")) as { servers: readonly ServerRecord[] };
    return servers.filter(({ name }) => serverNames.includes(name));
  } catch {
    return []; // what runs unrecorded is found by findUnrecorded
  }
}

export function writeRecord(home: LocalHome, record: ServerRecord): void {
  save(home, [...readRecords(home).filter(({ name }) => name !== record.name), record]);
}

export function removeRecord(home: LocalHome, name: ServerName): void {
  save(
    home,
    readRecords(home).filter((record) => record.name !== name),
  );
}

function save(home: LocalHome, servers: readonly ServerRecord[]): void {
  writePrivateFile(home.serversFile, `${JSON.stringify({ servers }, undefined, 2)}\n`);
}

/** In the environment of every server: its home, even if servers.json is lost. */
export const homeVariable = "AMEIDE_SECRETS_SERVER_OF";

/** Servers without a record: their start was interrupted, or the record was lost. Linux only. */
export function findUnrecorded(home: LocalHome, recorded: readonly ProcessIdentity[]): readonly ProcessIdentity[] {
  if (process.platform !== "linux") return [];
  const mark = `${homeVariable}=${home.dir}`;
  return (
    allPids()
      // servers lead their groups; their children do not
      .filter((pid) => statFields(pid)[2] === String(pid) && readProc(pid, "environ")?.split("\0").includes(mark))
      .filter((pid) => !recorded.some((record) => record.pid === pid))
      .flatMap((pid) => identify(pid) ?? [])
  );
}

export interface ServerState {
  readonly name: ServerName;
  readonly running: boolean;
  /** It ended without being stopped. */
  readonly crashed: boolean;
  readonly pid?: number;
  readonly port?: number;
  readonly log: string;
  /** Resident memory in bytes; Linux only. */
  readonly memoryInBytes?: number;
}

/** In the order of starting. */
export function serverStates(home: LocalHome): readonly ServerState[] {
  const records = readRecords(home);
  return serverNames.map((name) => {
    const record = records.find((candidate) => candidate.name === name);
    const log = logFile(home, name);
    if (record === undefined) return { name, running: false, crashed: false, log };
    const { pid, port } = record;
    if (!isAlive(record)) return { name, running: false, crashed: true, port, log };
    const memoryInBytes = residentMemory(pid);
    const memory = memoryInBytes === undefined ? {} : { memoryInBytes };
    return { name, running: true, crashed: false, pid, port, log, ...memory };
  });
}

function residentMemory(pid: number): number | undefined {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readProc(pid, "status") ?? "")?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

export function logFile({ logsDir }: LocalHome, name: string): string {
  return join(logsDir, `${name}.log`);
}
