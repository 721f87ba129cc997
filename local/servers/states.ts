import { readFileSync } from "node:fs";
import type { LocalHome } from "../home.ts";
import { isAlive } from "../process-identity.ts";
import { logFile } from "./launch.ts";
import { readRecords } from "./records.ts";
import { serverNames, type ServerName } from "./server.ts";

export interface ServerState {
  readonly name: ServerName;
  readonly running: boolean;
  /** It was started and runs no more, though nobody stopped it. */
  readonly crashed: boolean;
  readonly pid?: number;
  readonly port?: number;
  readonly log: string;
  /** Resident memory in bytes; Linux only. */
  readonly memoryInBytes?: number;
}

/** What runs of a home, in the order of starting. Changes nothing. */
export function serverStates(home: LocalHome): readonly ServerState[] {
  const records = readRecords(home);
  return serverNames.map((name) => {
    const record = records.find((candidate) => candidate.name === name);
    const log = logFile(home, name);
    if (record === undefined) return { name, running: false, crashed: false, log };
    const { pid, port } = record;
    if (!isAlive(record)) return { name, running: false, crashed: true, port, log };
    const memoryInBytes = residentMemory(pid);
    return {
      name,
      running: true,
      crashed: false,
      pid,
      port,
      log,
      ...(memoryInBytes === undefined ? {} : { memoryInBytes }),
    };
  });
}

function residentMemory(pid: number): number | undefined {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    return undefined;
  }
}
