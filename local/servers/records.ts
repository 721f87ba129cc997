import { readFileSync } from "node:fs";
import type { LocalHome } from "../home.ts";
import { writePrivateFile } from "../private-file.ts";
import type { ProcessIdentity } from "../process-identity.ts";
import { serverNames, type ServerName } from "./server.ts";

/** What was started, so that a later run finds it. */
export interface ServerRecord extends ProcessIdentity {
  readonly name: ServerName;
  readonly binary: string;
  readonly port: number;
  /** Of everything that it was started with; another digest means that it must start anew. */
  readonly digest: string;
}

/** The records of this home; none where the file is missing or cut off. Whether they still run is asked elsewhere. */
export function readRecords({ serversFile }: LocalHome): readonly ServerRecord[] {
  try {
    const { servers } = JSON.parse(readFileSync(serversFile, "utf8")) as { servers: readonly ServerRecord[] };
    return servers.filter(({ name }) => serverNames.includes(name));
  } catch {
    return []; // what runs unrecorded is found by findStrays
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
