import type { Fingerprint, PatcherState, Snapshot } from "../snapshot.ts";
import type { CauseCode } from "../causes.ts";
import type { KeycloakName } from "../diagnosis.ts";
import type { Expectation, Rule, Sighting, View } from "./view.ts";
import { pathIn } from "../../domain/names.ts";

/** Keycloak's names one by one, and what the Job that carries them said when it failed. */
export const explainKeycloak: Rule = (view) => [...ofNames(view), ...ofPatcher(view)];

interface NameSeen extends KeycloakName {
  /** Where that was seen. */
  readonly where: string;
  readonly seen: string;
}

/**
 * What each of Keycloak's names is: by its value in Vault, or, where that may not be read, in the Secret that is made of it.
 * Empty where nothing of Keycloak is there: an environment without it has none of its secrets, and that is well.
 */
export function keycloakNames(snapshot: Snapshot, expected: Expectation): readonly KeycloakName[] {
  return namesSeen(snapshot, expected).map(({ clientId, vaultKey, state }) => ({ clientId, vaultKey, state }));
}

function ofNames({ snapshot, expected }: View): readonly Sighting[] {
  return namesSeen(snapshot, expected).flatMap(({ vaultKey, state, where, seen }): readonly Sighting[] => {
    if (state === "absent") return [{ code: "keycloak-secret-absent", where, seen, secrets: [], name: vaultKey }];
    if (state === "placeholder")
      return [{ code: "keycloak-secret-placeholder", where, seen, secrets: [], name: vaultKey }];
    return [];
  });
}

function namesSeen(snapshot: Snapshot, expected: Expectation): readonly NameSeen[] {
  const { secrets } = snapshot.vault;
  const states = new Map((secrets.ok ? secrets.value : []).map((state) => [state.path, state]));
  const names = expected.catalogue.keycloakClients.map(({ clientId, vaultKey }): NameSeen => {
    const held = states.get(vaultKey);
    const where = `Vault ${expected.vault.mount}/${vaultKey}`;
    const say = (state: KeycloakName["state"], what: string, at = where): NameSeen => ({
      clientId,
      vaultKey,
      state,
      where: at,
      seen: `the secret of client ${clientId} is ${what}`,
    });
    if (held !== undefined && held.state !== "live") return say("absent", held.state);
    const delivered = deliveredPrint(snapshot, expected, vaultKey);
    const { print, at } =
      held?.fingerprint === undefined
        ? { print: delivered?.print, at: delivered?.where }
        : { print: held.fingerprint, at: where };
    if (print === undefined) return say("unread", "not read");
    const { looksLike } = print;
    const isUnreal = looksLike !== "value" && looksLike !== "sample";
    return isUnreal
      ? say("placeholder", looksLike === "empty" ? "empty" : `a ${looksLike}`, at)
      : say("real", "real", at);
  });
  const isThere = ({ vaultKey }: NameSeen): boolean =>
    states.get(vaultKey)?.state === "live" || deliveredPrint(snapshot, expected, vaultKey) !== undefined;
  return snapshot.clientPatcher.ok || names.some(isThere) ? names : [];
}

/** The value as the first Secret holds it that an ExternalSecret of another's makes of the path. */
function deliveredPrint(
  { secrets }: Snapshot,
  { catalogue, name: environment }: Expectation,
  path: string,
): { readonly where: string; readonly print: Fingerprint } | undefined {
  if (!secrets.ok) return undefined;
  for (const [target, { keys }] of Object.entries(catalogue.inClusterDeliveries)) {
    const [key] = Object.entries(keys).find(([, of]) => pathIn(environment, of) === path) ?? [];
    if (key === undefined) continue;
    const found = secrets.value.find(({ name, keys: held }) => name === target && held[key] !== undefined);
    const print = found?.keys[key];
    if (found !== undefined && print !== undefined)
      return { where: `Secret ${found.namespace}/${target} ${key}`, print };
  }
  return undefined;
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
    seen: `its log contains the text of ${symptom}`,
    secrets: [],
  }));
}
