import { valuesOf, type Fingerprint, type Snapshot } from "../snapshot.ts";
import type { KeycloakName } from "../diagnosis.ts";
import { describeLooks, reportAt, type Expectation, type Rule, type Sighting, type View } from "./view.ts";
import { pathIn } from "../../domain/names.ts";

export const explainKeycloak: Rule = (view) => [...ofNames(view), ...ofPatcher(view)];

/** Each of Keycloak's names, by its value in Vault or in the Secret made of it. Empty in an environment without Keycloak. */
export function keycloakNames(snapshot: Snapshot, expected: Expectation): readonly KeycloakName[] {
  return namesSeen(snapshot, expected).map(({ clientId, vaultKey, state }) => ({ clientId, vaultKey, state }));
}

const nameCodes = { absent: "keycloak-secret-absent", placeholder: "keycloak-secret-placeholder" } as const;

function ofNames({ snapshot, expected }: View): readonly Sighting[] {
  return namesSeen(snapshot, expected).flatMap(({ vaultKey, state, where, seen }) =>
    state === "absent" || state === "placeholder"
      ? reportAt(where, { secrets: [], name: vaultKey })(nameCodes[state], seen)
      : [],
  );
}

function namesSeen(snapshot: Snapshot, expected: Expectation) {
  const states = new Map(valuesOf(snapshot.vault.secrets).map((state) => [state.path, state]));
  const names = expected.catalogue.keycloakClients.map(({ clientId, vaultKey }) => {
    const held = states.get(vaultKey);
    const delivered = deliveredPrint(snapshot, expected, vaultKey);
    const inVault = { where: `Vault ${expected.vault.mount}/${vaultKey}`, print: held?.fingerprint };
    const { where, print } = inVault.print === undefined && delivered !== undefined ? delivered : inVault;
    const judged = (state: KeycloakName["state"], is: string, at = where) => {
      const isThere = held?.state === "live" || delivered !== undefined;
      return { clientId, vaultKey, state, isThere, where: at, seen: `the secret of client ${clientId} is ${is}` };
    };
    if (held !== undefined && held.state !== "live") return judged("absent", held.state, inVault.where);
    if (print === undefined) return judged("unread", "not read");
    const isReal = print.looksLike === "value" || print.looksLike === "sample";
    return isReal ? judged("real", "real") : judged("placeholder", describeLooks(print.looksLike));
  });
  return snapshot.clientPatcher.ok || names.some(({ isThere }) => isThere) ? names : [];
}

/** The value in the first Secret that an ExternalSecret of another owner makes of the path. */
function deliveredPrint(
  { secrets }: Snapshot,
  { catalogue, name: environment }: Expectation,
  path: string,
): { readonly where: string; readonly print: Fingerprint } | undefined {
  for (const [target, { keys }] of Object.entries(catalogue.inClusterDeliveries)) {
    const [key = ""] = Object.entries(keys).find(([, of]) => pathIn(environment, of) === path) ?? [];
    const found = valuesOf(secrets).find(({ name, keys: held }) => name === target && held[key] !== undefined);
    const print = found?.keys[key];
    if (print !== undefined) return { where: `Secret ${found?.namespace}/${target} ${key}`, print };
  }
  return undefined;
}

/** `permission denied` is Vault's wording and comes with a 403, which alone would be Keycloak's. */
function ofPatcher({ snapshot, expected }: View): readonly Sighting[] {
  if (!snapshot.clientPatcher.ok || snapshot.clientPatcher.value.result !== "failed") return [];
  const { symptoms } = snapshot.clientPatcher.value;
  const report = reportAt(`Job ${expected.namespace}/platform-keycloak-realm-client-patcher`, { secrets: [] });
  if (symptoms.length === 0) return report("patcher-failed", "it failed");
  const isVaults = symptoms.includes("patcher-vault-denied");
  return symptoms
    .filter((symptom) => !isVaults || symptom !== "patcher-keycloak-forbidden")
    .flatMap((symptom) => report(symptom, "its log contains this error"));
}
