import { BootstrapRig } from "./rig.ts";

/** The servers of one folder's suites, and how many of these are still to end. */
interface Shared {
  rig?: Promise<BootstrapRig>;
  users: number;
}

const byFolder = new Map<string, Shared>();

/**
 * Gives a suite the servers that all suites of its folder share: starting them takes longer than most suites. Vault is
 * open, with mount, auth method and role; the last suite stops everything. Call it in a `describe`.
 */
export function useRig(folder = "bootstrap"): () => BootstrapRig {
  let rig: BootstrapRig | undefined;
  const shared = byFolder.get(folder) ?? { users: 0 };
  byFolder.set(folder, shared);
  shared.users++;

  before(async function () {
    this.timeout(180_000);
    shared.rig ??= BootstrapRig.start().then(async (started) => {
      await started.openVault(started.config());
      return started;
    });
    rig = await shared.rig;
  });

  after(async function () {
    this.timeout(60_000);
    shared.users--;
    if (shared.users === 0) await stop(shared);
  });

  return () => {
    if (rig === undefined) throw new Error("the servers run from `before` on, not while the suite is described");
    return rig;
  };
}

async function stop(shared: Shared): Promise<void> {
  const started = shared.rig;
  delete shared.rig;
  await (await started)?.stop();
}

// where only some suites of a folder run (`mocha --grep`), the last of them is not the last that was described
after(async function () {
  this.timeout(60_000);
  await Promise.all([...byFolder.values()].map(stop));
});
