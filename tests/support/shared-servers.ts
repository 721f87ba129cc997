import type { LocalHome } from "../../local/home.ts";
import type { ServerName } from "../../local/servers/server.ts";
import { startServers } from "../../local/servers/start.ts";
import { emptyCluster } from "./empty-cluster.ts";
import { forget, temporaryHome, testBinaries, type TestServers } from "./servers.ts";

let sharedHome: Promise<LocalHome> | undefined;

/**
 * As `useServers`, with one home for all suites of this process: the API server starts once, and is emptied after each
 * suite, but for definitions. Call it in a `describe`.
 */
export function useSharedServers(only: readonly ServerName[]): () => TestServers {
  let servers: TestServers | undefined;

  before(async function () {
    this.timeout(180_000);
    const binaries = await testBinaries();
    servers = { home: await (sharedHome ??= temporaryHome()), binaries };
    await startServers(servers.home, binaries, { only });
  });

  after(async function () {
    this.timeout(90_000);
    if (servers !== undefined) await emptyCluster(servers.home);
  });

  return () => {
    if (servers === undefined) throw new Error("the servers run from `before` on, not while the suite is described");
    return servers;
  };
}

// of the whole process: which suite is the last is not known while they are described
after(async function () {
  this.timeout(60_000);
  if (sharedHome !== undefined) await forget(await sharedHome);
});
