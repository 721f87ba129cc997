import { readFileSync } from "node:fs";
import { observe, namespacesOf } from "../../diagnose/observe/observe.ts";
import { plannedSecret } from "../../diagnose/lineage.ts";
import { resync } from "../../diagnose/resync.ts";
import { rotate, type RotationReport, type RotationStep } from "../../diagnose/rotation.ts";
import { isPlaceholder } from "../../domain/fixtures.ts";
import { Redacted } from "../../domain/redacted.ts";
import { UserError } from "../../domain/user-error.ts";
import { runBootstrapJob } from "../access/bootstrap-job.ts";
import { KeyVaultWriter } from "../access/key-vault.ts";
import type { Place } from "../access/place.ts";
import type { LocalHomeFlags } from "../commands/local-home-options.ts";
import { keyVaultOf } from "./push-place.ts";

/** A run of vault-bootstrap, and of External Secrets after it. */
const timeoutInSeconds = 300;

/**
 * Carries a new value, or Key Vault's former one, along all hops. What a hop holds already is passed without an action, so
 * a rotation that was interrupted is just run again.
 *
 * @throws UserError for a name that is no external secret of the environment, an empty value, a placeholder, or no former
 *   version to go back to.
 */
export async function rotateValue(
  place: Place,
  flags: LocalHomeFlags,
  name: string,
  options: { readonly rollback: boolean; readonly signal: AbortSignal; readonly onStep: (step: RotationStep) => void },
): Promise<RotationReport> {
  const { stack, cluster, access } = place;
  const { keyVaultName } = plannedSecret(stack, name);
  if (keyVaultName === undefined) {
    throw UserError.of(
      "rotation-not-external",
      `${name} does not come from outside, so its owner rotates it`,
      "see docs/secrets.md for who owns it",
    );
  }
  const vault = new KeyVaultWriter(await keyVaultOf(place.isShared ? "shared" : "local", flags));
  const value = options.rollback ? await vault.former(keyVaultName) : valueFromStandardInput(place, name);
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

/** From standard input, so that it stands in no history and no process list; one newline at its end is a shell's, not the value's. */
function valueFromStandardInput({ stack }: Place, name: string): Redacted {
  const value = readFileSync(0, "utf8").replace(/\r?\n$/, "");
  if (value === "")
    throw UserError.of(
      "rotation-empty",
      `no new value for ${name} came from standard input`,
      `ameide-secrets rotate ${name} --stack ${stack.name} < file`,
    );
  if (isPlaceholder(value, stack.catalogue.fixtures))
    throw UserError.of("rotation-placeholder", `the new value for ${name} is a placeholder`, "give the real one");
  return new Redacted(value);
}
