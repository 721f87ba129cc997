import { existsSync } from "node:fs";
import { type LocalHome, deleteHome, lockHome, requireHome } from "../home.ts";
import { isAlive, endProcessGroup } from "../process-identity.ts";
import { readRecords, removeRecord, findUnrecorded } from "./records.ts";
import { serverNames, type ServerName } from "./server.ts";

/**
 * Stored data stays for the next start.
 *
 * @param options.delete - also removes the data of cluster, Vault and Key Vault, state and logs. @default false
 * @returns a report for a person.
 * @throws UserError if the folder is not a home, or a start is in progress.
 */
export async function localDown(home: LocalHome, options: { readonly delete?: boolean } = {}): Promise<string> {
  if (!existsSync(home.dir)) return `nothing is running, and ${home.dir} does not exist`;
  requireHome(home);
  const lock = lockHome(home);
  try {
    const stopped = await stopServers(home);
    const done = stopped.length === 0 ? "nothing was running" : `stopped ${stopped.join(", ")}`;
    if (options.delete !== true) return `${done}; its data is kept in ${home.dir}`;
    deleteHome(home);
    return `${done}; deleted ${home.dir}`;
  } finally {
    lock.release();
  }
}

/** Each group ends before the next, so that no server loses one that it still calls. */
const stopOrder: readonly (readonly ServerName[])[] = [
  ["external-secrets", "kube-controller-manager", "stand-ins", "openbao"],
  ["kube-apiserver"],
  ["etcd"],
];

/** The API server waits for every watch to end, but stores nothing, so it can be killed. */
const graceInSeconds = (name: ServerName) => (name === "kube-apiserver" ? 3 : 10);

/** SIGTERM, then SIGKILL, children too. @param options.only - @default - all @returns the names of those that ran. */
export async function stopServers(
  home: LocalHome,
  options: { readonly only?: readonly ServerName[] } = {},
): Promise<readonly ServerName[]> {
  const wanted = options.only ?? serverNames;
  const records = readRecords(home).filter(({ name }) => wanted.includes(name));
  const running = records.filter(isAlive);
  for (const names of stopOrder) {
    const group = records.filter(({ name }) => names.includes(name));
    await Promise.all(group.map((record) => endProcessGroup(record, { graceInSeconds: graceInSeconds(record.name) })));
    for (const { name } of group) removeRecord(home, name);
  }
  if (options.only === undefined) await endUnrecorded(home);
  return running.map(({ name }) => name);
}

export async function endUnrecorded(home: LocalHome): Promise<void> {
  const unrecorded = findUnrecorded(home, readRecords(home).filter(isAlive));
  await Promise.all(unrecorded.map((server) => endProcessGroup(server)));
}
