import { readFileSync } from "node:fs";
import { observe, namespacesOf } from "../../diagnose/observe/observe.ts";
import { plannedSecret } from "../../diagnose/lineage.ts";
import { resync } from "../../diagnose/resync.ts";
import { rotate, type RotationReport, type RotationStep } from "../../diagnose/rotation.ts";
import { formatFinding } from "../../domain/finding.ts";
import { UserError } from "../../domain/user-error.ts";
import { runBootstrapJob } from "../access/bootstrap-job.ts";
import { KeyVaultWriter } from "../access/key-vault.ts";
import type { Place } from "../access/place.ts";
import type { LocalHomeFlags } from "../commands/local-home-options.ts";
import { newValue, type ValueInput } from "./new-value.ts";
import { keyVaultOf } from "./push-place.ts";

const standardInput: ValueInput = { isTerminal: process.stdin.isTTY === true, read: () => readFileSync(0, "utf8") };

/** A run of vault-bootstrap, and of External Secrets after it. */
const timeoutInSeconds = 300;

/**
 * Carries a new value, or Key Vault's former one, along all hops. What a hop holds already is passed without an action, so
 * a rotation that was interrupted is just run again.
 *
 * @throws UserError for a name that is no external secret of the environment, for a value that `.env` may not hold either,
 *   or for no former version to go back to.
 */
export async function rotateValue(
  place: Place,
  flags: LocalHomeFlags,
  name: string,
  options: {
    readonly rollback: boolean;
    readonly signal: AbortSignal;
    readonly onStep: (step: RotationStep) => void;
    readonly onWarning: (text: string) => void;
  },
): Promise<RotationReport> {
  const { stack, cluster, access } = place;
  const { keyVaultName } = plannedSecret(stack, name);
  const secret = stack.catalogue.secrets[name];
  if (keyVaultName === undefined || secret?.authority !== "external") {
    throw UserError.of(
      "rotation-not-external",
      `${name} does not come from outside, so its owner rotates it`,
      "see docs/secrets.md for who owns it",
    );
  }
  const environment = place.isShared ? "shared" : "local";
  const given = options.rollback
    ? undefined
    : newValue({ name, secret, catalogue: stack.catalogue, stack: stack.name, environment, input: standardInput });
  for (const warning of given?.warnings ?? []) options.onWarning(formatFinding(warning));
  const vault = new KeyVaultWriter(await keyVaultOf(environment, flags));
  const value = given?.value ?? (await vault.former(keyVaultName));
  const dotenv = new Map([[keyVaultName, value]]);
  const { signal } = options;

  return rotate(
    name,
    stack,
    {
      write: async () => void (await vault.set(keyVaultName, value, { recover: false })),
      runBootstrap: async () => {
        const run = await runBootstrapJob(cluster, {
          namespace: stack.namespace,
          cronJob: stack.bootstrap.name,
          purpose: "rotate",
          flags: [],
          timeoutInSeconds,
          signal,
        });
        if (!run.succeeded) {
          throw UserError.of(
            run.cause,
            `vault-bootstrap ended with ${run.cause}`,
            `see docs/runbook.md#${run.cause}; the new value is in Key Vault, run the same command again`,
          );
        }
      },
      resync: async () => void (await resync(cluster, { namespaces: namespacesOf(stack), timeoutInSeconds, signal })),
      look: () => observe(stack, access, { compareValues: true, dotenv }),
    },
    { signal, onStep: options.onStep },
  );
}
