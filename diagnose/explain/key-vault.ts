import { defaultSecretPrefix } from "../../domain/names.ts";
import type { PlannedSecret } from "../../domain/plan/environment.ts";
import type { Failure, KeyVaultSecretState } from "../snapshot.ts";
import type { CauseCode } from "../causes.ts";
import type { Rule, Sighting, View } from "./view.ts";

const warnedInMs = 14 * 86_400_000;

/** Names, prefix, state and looks of what Key Vault holds; silent if the source is not a Key Vault. */
export const explainKeyVault: Rule = (view) => {
  const { snapshot, expected } = view;
  if (expected.bootstrap.config.source.type !== "azure-key-vault") return [];
  const { keyVault } = snapshot;
  if (!keyVault.ok) {
    return [azureUnseen(keyVault.failure)];
  }
  const states = new Map(keyVault.value.map((state) => [state.name, state]));
  return expected.plan.secrets.flatMap((secret) => ofSecret(view, secret, states));
};

/** A part of Azure that could not be looked at. */
export function azureUnseen({ kind, asked, message }: Failure): Sighting {
  const wait = "wait some minutes, then: ameide-secrets doctor --stack <stack>";
  return {
    code: "azure-not-readable",
    where: asked,
    seen: message,
    secrets: [],
    ...(kind === "throttled" ? { fix: wait } : {}),
  };
}

function ofSecret(
  view: View,
  secret: PlannedSecret,
  states: ReadonlyMap<string, KeyVaultSecretState>,
): readonly Sighting[] {
  const { keyVaultName, name } = secret;
  if (keyVaultName === undefined) return [];
  const { snapshot, expected } = view;
  const where = `Key Vault ${expected.azure.keyVault}`;
  const sighting = (code: CauseCode, seen: string): readonly Sighting[] => [
    { code, where, seen, secrets: [name], name: keyVaultName },
  ];

  const state = states.get(keyVaultName);
  if (state === undefined) {
    if (!isNeeded(view, secret)) return [];
    const other = otherPrefix(secret, states);
    return other === undefined
      ? sighting("key-vault-secret-missing", `${keyVaultName} not found`)
      : sighting("key-vault-prefix-differs", `there is ${other}, wanted is ${keyVaultName}`);
  }
  if (!state.enabled) return sighting("key-vault-secret-disabled", `${keyVaultName} is disabled`);
  const leftInMs = Date.parse(state.expiresAt ?? "") - Date.parse(snapshot.takenAt); // NaN where it does not expire
  if (leftInMs <= 0) return sighting("key-vault-secret-expired", `${keyVaultName} expired at ${state.expiresAt}`);
  const looks = state.fingerprint?.looksLike;
  if (
    looks === "placeholder" ||
    looks === "template" ||
    looks === "fixture" ||
    looks === "empty" ||
    (looks === "sample" && expected.name !== "local")
  ) {
    return sighting("key-vault-value-refused", `${keyVaultName} is ${looks === "empty" ? "empty" : `a ${looks}`}`);
  }
  if (leftInMs <= warnedInMs)
    return sighting("key-vault-secret-expires-soon", `${keyVaultName} expires at ${state.expiresAt}`);
  return [];
}

/** An optional secret that nothing delivers, or that Vault has from before, may be absent: absence is never a change. */
function isNeeded({ snapshot, expected }: View, { required, name, vaultPath }: PlannedSecret): boolean {
  if (required) return true;
  const { secrets } = snapshot.vault;
  const held = secrets.ok && secrets.value.some(({ path, state }) => path === vaultPath && state === "live");
  const delivered = expected.plan.deliveries.some(({ keys }) => keys.some(({ secret }) => secret === name));
  return delivered && secrets.ok && !held;
}

function otherPrefix(
  { keyVaultName = "", name }: PlannedSecret,
  states: ReadonlyMap<string, unknown>,
): string | undefined {
  return [name, `${defaultSecretPrefix}${name}`].find((other) => other !== keyVaultName && states.has(other));
}
