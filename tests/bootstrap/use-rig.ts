import { BootstrapRig } from "./rig.ts";

let shared: Promise<BootstrapRig> | undefined;
let users = 0;

/**
 * Gives a suite the servers that all suites of this folder share: starting them takes longer than most suites. Vault is
 * open, with mount, auth method and role; the last suite stops everything. Call it in a `describe`.
 */
export function useRig(): () => BootstrapRig {
  let rig: BootstrapRig | undefined;
  users++;

  before(async function () {
    this.timeout(180_000);
    shared ??= BootstrapRig.start().then(async (started) => {
      await started.openVault(started.config());
      return started;
    });
    rig = await shared;
  });

  after(async function () {
    this.timeout(60_000);
    users--;
    if (users === 0) await stopShared();
  });

  return () => {
    if (rig === undefined) throw new Error("the servers run from `before` on, not while the suite is described");
    return rig;
  };
}

async function stopShared(): Promise<void> {
  const started = shared;
  shared = undefined;
  await (await started)?.stop();
}

// where only some suites of the folder run (`mocha --grep`), the last of them is not the last that was described
after(async function () {
  this.timeout(60_000);
  await stopShared();
});
