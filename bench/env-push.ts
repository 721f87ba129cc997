import { setTimeout as sleep } from "node:timers/promises";
import { join } from "node:path";
import { push, type PushRow } from "../cli/operate/push.ts";
import { Redacted } from "../domain/redacted.ts";
import { operatorCredential } from "../stand-ins/azure/files.ts";
import { AzureRig } from "../tests/stand-ins/azure/rig.ts";
import { timed, type Bench, type Measurement } from "./bench.ts";

const count = 1_000;
/** Key Vault's own limit (service limits): 300 creations in any 10 s, at a constant rate. */
const floorInMs = 34_000;
const windowInMs = 10_500;

/** `env push` against a Key Vault that enforces its limits: values that are new, and then the same ones again. */
export const envPushBench: Bench = {
  name: "env-push",
  async run(): Promise<readonly Measurement[]> {
    const rig = await AzureRig.start();
    try {
      await rig.makeVault();
      const first = await timed(() => pushed(rig, "new"));
      const refused = rig.azure.control.counters().answers["429"] ?? 0;
      await sleep(windowInMs);
      const again = await timed(() => pushed(rig, "same"));
      return [
        {
          what: "env push of 1,000 new values",
          unit: "ms",
          value: first,
          floor: { what: "Key Vault's limit", value: floorInMs },
        },
        { what: "calls refused with 429", unit: "calls", value: refused },
        { what: "env push of the same 1,000", unit: "ms", value: again },
      ];
    } finally {
      await rig.stop();
    }
  },
};

async function pushed(rig: AzureRig, verdict: PushRow["verdict"]): Promise<void> {
  const rows = await push({
    place: {
      uri: `${rig.azure.origin}/`,
      credential: operatorCredential(rig.dir),
      options: { disableChallengeResourceVerification: true },
    },
    values: new Map(Array.from({ length: count }, (_none, n) => [`bench-${n}`, new Redacted(`value-of-${n}`)])),
    kept: [],
    overwrite: [],
    write: true,
    memory: join(rig.dir, "pushed.json"),
  });
  const other = rows.filter((row) => row.verdict !== verdict).length;
  if (other > 0) throw new Error(`${other} of ${rows.length} are not ${verdict}`);
}
