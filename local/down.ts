import { existsSync } from "node:fs";
import { UserError } from "../domain/user-error.ts";
import { deleteHome, isHome, lockHome, type LocalHome } from "./home.ts";
import { stopServers } from "./servers/stop.ts";

/**
 * Stops everything that runs of a local environment. What it stored stays, for the next start.
 *
 * @param options.delete - forgets it as well: cluster, Vault, Key Vault, state, logs. @default false
 * @returns what was done, for a person.
 * @throws UserError when the folder is not a home of ours, or a start works on it.
 */
export async function localDown(home: LocalHome, options: { readonly delete?: boolean } = {}): Promise<string> {
  if (!existsSync(home.dir)) return `nothing runs, and there is no ${home.dir}`;
  if (!isHome(home)) {
    throw UserError.of(
      "local-home-not-ours",
      `${home.dir} is not a local environment of ameide-secrets`,
      "give the folder of the local environment with --home",
    );
  }
  const lock = lockHome(home);
  try {
    const stopped = await stopServers(home);
    const done = stopped.length === 0 ? "nothing was running" : `stopped ${stopped.join(", ")}`;
    if (options.delete !== true) return `${done}; what it stored stays in ${home.dir}`;
    deleteHome(home);
    return `${done}; deleted ${home.dir}`;
  } finally {
    lock.release();
  }
}
