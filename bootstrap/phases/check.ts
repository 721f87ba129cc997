import type { CarriedSecret } from "../carried-secret.ts";
import { decide, faultOfSource, type Action, type Facts } from "../decide.ts";
import { BootstrapFailure } from "../failure.ts";
import type { Run } from "../run-context.ts";
import type { VaultKv } from "../vault-kv.ts";
import { pathsLacking } from "../vault-system.ts";

/** One secret with all that is known of it and what is to be done. */
export interface Decision {
  readonly secret: CarriedSecret;
  readonly facts: Facts;
  readonly action: Action;
}

/**
 * Judges everything before anything is written.
 *
 * @throws BootstrapFailure `required-missing`, with the whole list; `vault-policy-refused`, with every path.
 */
export async function check(run: Run, kv: VaultKv, known: ReadonlyMap<CarriedSecret, Facts>): Promise<Decision[]> {
  const missing = [...known].flatMap(([secret, facts]) => {
    if (!secret.required || secret.authority !== "external") return [];
    const fault = faultOfSource(secret, facts, run.config);
    return fault === undefined ? [] : [`${secret.name} (${fault.text})`];
  });
  if (missing.length > 0) {
    throw new BootstrapFailure(
      "required-missing",
      `${missing.length} required of ${known.size} cannot be carried: ${missing.join(", ")}`,
      "put their values into the source: ameide-secrets env push; nothing was written",
    );
  }
  const decisions = [...known].map(([secret, facts]) => ({ secret, facts, action: decide(secret, facts, run.config) }));
  await checkRights(run, kv, decisions);
  return decisions;
}

/** Beyond this the question takes longer than what it saves: each write tells by itself then. */
const askableWrites = 200;

/** One question for all paths, so that a policy that forgot some stops the run while everything is still as it was. */
async function checkRights(run: Run, kv: VaultKv, decisions: readonly Decision[]): Promise<void> {
  const written = decisions.filter(({ action }) => action.kind === "write");
  if (written.length === 0 || written.length > askableWrites) return;
  const paths = written.map(({ secret }) => kv.apiPath("data", secret.path));
  const lacking = await pathsLacking(run.vault, paths, ["create", "update"]);
  if (lacking.length === 0) return;
  throw new BootstrapFailure(
    "vault-policy-refused",
    `role ${run.config.vault.role} may not create and update ${lacking.join(", ")}`,
    "its policy follows from the catalogue: ameide-secrets up writes it; nothing was written",
  );
}
