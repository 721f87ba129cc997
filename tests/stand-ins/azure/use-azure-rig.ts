import type { SecretClient } from "@azure/keyvault-secrets";
import { AzureRig } from "./rig.ts";

/** One stand-in with a vault; its clock moves only when the test moves it. */
export interface RigOfTest {
  readonly rig: () => AzureRig;
  /** Key Vault's official client, for the operator, without retries. */
  readonly client: () => SecretClient;
  /** Milliseconds since 1970. */
  readonly clock: { now: number };
}

/** Gives each test of a suite a stand-in of its own. Call it in a `describe`. */
export function useAzureRig(): RigOfTest {
  const clock = { now: 0 };
  let running: { readonly rig: AzureRig; readonly client: SecretClient } | undefined;
  beforeEach(async () => {
    clock.now = Date.now();
    const rig = await AzureRig.start({ now: () => clock.now });
    running = { rig, client: rig.operatorClient({ retryOptions: { maxRetries: 0 } }) };
    await rig.makeVault();
  });
  afterEach(() => running?.rig.stop());

  const started = () => {
    if (running === undefined) throw new Error("the stand-in is there from `beforeEach` on");
    return running;
  };
  return { rig: () => started().rig, client: () => started().client, clock };
}
