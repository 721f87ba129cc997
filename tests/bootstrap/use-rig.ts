import type { BootstrapConfig } from "../../domain/bootstrap-config.ts";
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
    if (users === 0) await (await shared)?.stop();
  });

  return () => {
    if (rig === undefined) throw new Error("the servers run from `before` on, not while the suite is described");
    return rig;
  };
}

/** An external secret whose name is the same at every hop. */
export function external(name: string, more: Partial<Secret> = {}): Secret {
  return { name, authority: "external", source: name, path: name, required: false, ...more };
}

type Secret = BootstrapConfig["secrets"][number];
