import type { PlannedSecret } from "../../domain/plan.ts";
import type { Fingerprint, PatcherState, VaultSecretState } from "../../domain/snapshot.ts";
import type { CauseCode } from "../causes.ts";
import { isExplained, type Rule, type Sighting, type View } from "./view.ts";

/** What lies in Vault: nothing, a placeholder, another field; Keycloak's names told one by one. */
export const explainVaultSecrets: Rule = (view) => {
  const { secrets } = view.snapshot.vault;
  const states = new Map((secrets.ok ? secrets.value : []).map((state) => [state.path, state]));
  return [
    ...view.expected.plan.secrets.flatMap((secret) => ofSecret(view, secret, states.get(secret.vaultPath))),
    ...ofKeycloak(view, states),
    ...ofPatcher(view),
  ];
};

function ofSecret(view: View, secret: PlannedSecret, state: VaultSecretState | undefined): readonly Sighting[] {
  if (state === undefined) return [];
  const { expected } = view;
  const { name, vaultPath } = secret;
  const where = `Vault ${expected.vault.mount}/${vaultPath}`;
  const sighting = (code: CauseCode, seen: string): readonly Sighting[] => [
    { code, where, seen, secrets: [name], name },
  ];
  if (state.state !== "live") {
    const delivered = expected.plan.deliveries.some(({ keys }) => keys.some((key) => key.secret === name));
    if ((!secret.required && !delivered) || isExplained(view, name)) return [];
    return sighting(
      "vault-path-missing",
      state.state === "absent" ? "nothing was ever written" : "the latest version was deleted",
    );
  }
  if (state.hasValueField === false) return sighting("vault-value-field-missing", "its data has no field `value`");
  const looks = state.fingerprint?.looksLike;
  if (looks !== undefined && isUnreal(looks, expected.strictness.fixturesAllowed, expected.name === "local")) {
    return sighting(
      "vault-holds-placeholder",
      `version ${state.version} is ${looks === "empty" ? "empty" : `a ${looks}`}`,
    );
  }
  return [];
}

/** Fixtures may stand where nothing else came, in dev and local; samples of `.env.example` in local alone. */
export function isUnreal(looks: Fingerprint["looksLike"], fixturesAllowed: boolean, isLocal: boolean): boolean {
  if (looks === "placeholder" || looks === "empty") return true;
  if (looks === "fixture") return !fixturesAllowed;
  return looks === "sample" && !isLocal;
}

/** An environment without Keycloak has none of its secrets, and that is well: told only where something of it is there. */
function ofKeycloak({ snapshot, expected }: View, states: ReadonlyMap<string, VaultSecretState>): readonly Sighting[] {
  const clients = expected.catalogue.keycloakClients.map(({ clientId, vaultKey }) => ({
    clientId,
    vaultKey,
    state: states.get(vaultKey),
  }));
  const hasKeycloak = snapshot.clientPatcher.ok || clients.some(({ state }) => state?.state === "live");
  if (!hasKeycloak) return [];
  return clients.flatMap(({ clientId, vaultKey, state }): readonly Sighting[] => {
    if (state === undefined) return [];
    const where = `Vault ${expected.vault.mount}/${vaultKey}`;
    if (state.state !== "live") {
      return [
        {
          code: "keycloak-secret-absent",
          where,
          seen: `the secret of client ${clientId} is ${state.state}`,
          secrets: [],
          name: vaultKey,
        },
      ];
    }
    const looks = state.fingerprint?.looksLike;
    if (looks !== "placeholder" && looks !== "fixture" && looks !== "empty") return [];
    const seen = `the secret of client ${clientId} is ${looks === "empty" ? "empty" : `a ${looks}`}`;
    return [{ code: "keycloak-secret-placeholder", where, seen, secrets: [], name: vaultKey }];
  });
}

const patcherCodes: Readonly<Record<PatcherState["symptoms"][number], CauseCode>> = {
  "exec-format-error": "patcher-exec-format",
  "command-not-found": "patcher-command-missing",
  "keycloak-unauthorized": "patcher-keycloak-unauthorized",
  "keycloak-forbidden": "patcher-keycloak-forbidden",
  "keycloak-client-not-found": "patcher-client-missing",
  "vault-permission-denied": "patcher-vault-denied",
};

/** `permission denied` is Vault's wording and comes with a 403, which alone would be Keycloak's. */
function ofPatcher({ snapshot, expected }: View): readonly Sighting[] {
  if (!snapshot.clientPatcher.ok || snapshot.clientPatcher.value.result !== "failed") return [];
  const { symptoms } = snapshot.clientPatcher.value;
  const where = `Job ${expected.namespace}/platform-keycloak-realm-client-patcher`;
  const told = symptoms.includes("vault-permission-denied")
    ? symptoms.filter((one) => one !== "keycloak-forbidden")
    : symptoms;
  const [first] = told;
  if (first === undefined) return [{ code: "patcher-failed", where, seen: "it failed", secrets: [] }];
  return told.map((symptom) => ({
    code: patcherCodes[symptom],
    where,
    seen: `its log holds the words of ${symptom}`,
    secrets: [],
  }));
}
