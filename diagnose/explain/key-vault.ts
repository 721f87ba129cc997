import { defaultSecretPrefix } from "../../domain/names.ts";
import type { PlannedSecret } from "../../domain/plan/environment.ts";
import { valuesOf, type Failure, type KeyVaultSecretState } from "../snapshot.ts";
import {
  deliveriesOf,
  describeLooks,
  isUnreal,
  reportAt,
  reportUnseen,
  type Rule,
  type Sighting,
  type View,
} from "./view.ts";

const warnedInMs = 14 * 86_400_000;

/** Names, prefix, state and looks of what Key Vault holds; silent if the source is not a Key Vault. */
export const explainKeyVault: Rule = (view) => {
  const { snapshot, expected } = view;
  if (expected.bootstrap.config.source.type !== "azure-key-vault") return [];
  const { keyVault } = snapshot;
  if (!keyVault.ok) return [azureUnseen(keyVault.failure)];
  const states = new Map(keyVault.value.map((state) => [state.name, state]));
  return expected.plan.secrets.flatMap((secret) => ofSecret(view, secret, states));
};

/** A part of Azure that could not be read. */
export function azureUnseen(failure: Failure): Sighting {
  const wait = "wait some minutes, then: ameide-secrets doctor --stack <stack>";
  return reportUnseen("azure-not-readable", failure, failure.kind === "throttled" ? wait : undefined);
}

function ofSecret(
  view: View,
  { keyVaultName, ...secret }: PlannedSecret,
  states: ReadonlyMap<string, KeyVaultSecretState>,
): readonly Sighting[] {
  if (keyVaultName === undefined) return [];
  const { snapshot, expected } = view;
  const report = reportAt(`Key Vault ${expected.azure.keyVault}`, { secrets: [secret.name], name: keyVaultName });
  const state = states.get(keyVaultName);
  if (state === undefined) {
    if (!isNeeded(view, secret)) return [];
    const names = [secret.name, `${defaultSecretPrefix}${secret.name}`];
    const other = names.find((name) => name !== keyVaultName && states.has(name));
    return other === undefined
      ? report("key-vault-secret-missing", `${keyVaultName} not found`)
      : report("key-vault-prefix-differs", `there is ${other}, wanted is ${keyVaultName}`);
  }
  const { enabled, expiresAt, fingerprint } = state;
  if (!enabled) return report("key-vault-secret-disabled", `${keyVaultName} is disabled`);
  const leftInMs = Date.parse(expiresAt ?? "") - Date.parse(snapshot.takenAt); // NaN where it does not expire
  if (leftInMs <= 0) return report("key-vault-secret-expired", `${keyVaultName} expired at ${expiresAt}`);
  const looks = fingerprint?.looksLike;
  if (looks !== undefined && (looks === "fixture" || isUnreal(looks, expected))) {
    return report("key-vault-value-refused", `${keyVaultName} is ${describeLooks(looks)}`);
  }
  return leftInMs <= warnedInMs
    ? report("key-vault-secret-expires-soon", `${keyVaultName} expires at ${expiresAt}`)
    : [];
}

/** An optional secret that nothing delivers, or that Vault has from before, may be absent: absence is never a change. */
function isNeeded({ snapshot, expected }: View, secret: Omit<PlannedSecret, "keyVaultName">): boolean {
  const { secrets } = snapshot.vault;
  if (secret.required) return true;
  const isHeld = valuesOf(secrets).some(({ path, state }) => path === secret.vaultPath && state === "live");
  return secrets.ok && !isHeld && deliveriesOf(expected, secret.name).length > 0;
}
