import { existsSync } from "node:fs";
import { type LocalHome, deleteHome, lockHome, requireHome } from "../home.ts";
import { isAlive, endProcessGroup } from "../process-identity.ts";
import { readRecords, removeRecord, findUnrecorded } from "./records.ts";
import { serverNames, type ServerName } from "./server.ts";

/**
 * Stops everything that runs of a local environment. What it stored stays, for the next start.
 *
 * @param options.delete - forgets it as well: cluster, Vault, Key Vault, state, logs. @default false
 * @returns what was done, for a person.
 * @throws UserError when the folder is not a home of ours, or a start works on it.
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

/** Who goes together; each group goes once the one before it has gone, so that none loses what it still talks to. */
const stopOrder: readonly (readonly ServerName[])[] = [
  ["external-secrets", "kube-controller-manager", "stand-ins", "openbao"],
  ["kube-apiserver"],
  ["etcd"],
];

/** The API server waits for every watch to end; it stores nothing itself, so that to kill it costs nothing. */
const graceInSeconds = (name: ServerName) => (name === "kube-apiserver" ? 3 : 10);

/**
 * Stops the servers of a home, and their children: asked first, killed when their time is up. Nothing running is no
 * error.
 *
 * @param options.only - @default - all of them, unrecorded ones too
 * @returns the names of those that ran.
 */
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

/** Ends servers of this home that no record names. */
export async function endUnrecorded(home: LocalHome): Promise<void> {
  const unrecorded = findUnrecorded(home, readRecords(home).filter(isAlive));
  await Promise.all(unrecorded.map((server) => endProcessGroup(server)));
}
