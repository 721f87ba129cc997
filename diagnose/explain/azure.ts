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
import { keyVaultSecretsUser } from "../../domain/resources/azure-inputs.ts";
import { lastFailure } from "./bootstrap.ts";

const warnedInMs = 14 * 86_400_000;

export const explainKeyVault: Rule = (view) => {
  const { snapshot, expected } = view;
  if (expected.bootstrap.config.source.type !== "azure-key-vault") return [];
  const { keyVault } = snapshot;
  if (!keyVault.ok) return [azureUnseen(keyVault.failure)];
  const states = new Map(keyVault.value.map((state) => [state.name, state]));
  return expected.plan.secrets.flatMap((secret) => ofSecret(view, secret, states));
};

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
      : report("key-vault-prefix-differs", `found ${other}, expected ${keyVaultName}`);
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

/**
 * Roles that may read a secret's value in Key Vault, by the GUIDs that Azure gave them: Secrets User, Secrets Officer,
 * Administrator.
 *
 * @see https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/security
 */
const readingRoles: ReadonlySet<string> = new Set([
  keyVaultSecretsUser,
  "b86a8fe4-44ce-4948-aee5-eccb2c155cd7",
  "00482a5a-887f-4fb3-b363-3b7fe8e74483",
]);

export const explainIdentity: Rule = (view) => {
  if (view.expected.bootstrap.config.source.type !== "azure-key-vault") return [];
  const seen = [...ofIdentity(view), ...ofClientId(view), ...ofFederation(view), ...ofRole(view)];
  return [...seen, ...ofLastRun(view, seen)];
};

function ofIdentity({ snapshot, expected }: View): readonly Sighting[] {
  const { identity } = snapshot.identity;
  if (identity.ok) return [];
  const { kind, message } = identity.failure;
  const report = reportAt(`identity ${expected.azure.resourceGroup}/${expected.azure.identity}`);
  return kind === "not-found" ? report("identity-missing", message) : [azureUnseen(identity.failure)];
}

function ofClientId({ snapshot, expected }: View): readonly Sighting[] {
  const { identity } = snapshot.identity;
  const { cronJob } = snapshot.bootstrap;
  if (!identity.ok || !cronJob.ok) return [];
  const { clientId } = identity.value;
  const { AZURE_CLIENT_ID: used = clientId } = cronJob.value.environment;
  const report = reportAt(`CronJob ${expected.namespace}/${expected.bootstrap.name}`);
  if (used === clientId) return [];
  return report("client-id-stale", `AZURE_CLIENT_ID is ${used}, the identity's client id is ${clientId}`);
}

function ofFederation({ snapshot, expected }: View): readonly Sighting[] {
  const { federatedCredentials, clusterIssuer } = snapshot.identity;
  const { federated, azure, cluster } = expected;
  if (clusterIssuer.ok && clusterIssuer.value !== federated.issuer) {
    const seen = `the cluster's tokens are issued by ${clusterIssuer.value}, the setting is ${federated.issuer}`;
    return reportAt(`cluster ${cluster.context}`)("federated-credential-mismatch", seen);
  }
  if (!federatedCredentials.ok) return [];
  const where = `federated credentials of ${azure.identity}`;
  const known = federatedCredentials.value.map(({ name, issuer, subject, audiences }) => ({
    name,
    subject,
    differences: [
      ["issuer", issuer, federated.issuer],
      ["subject", subject, federated.subject],
      ["audience", audiences.join(", "), federated.audience],
    ].flatMap(([part, is, wanted]) => (is === wanted ? [] : [`${part} is ${is}, expected ${wanted}`])),
  }));
  if (known.some(({ differences }) => differences.length === 0)) return [];
  const near = known.find(({ subject, name }) => subject === federated.subject || name === federated.name);
  if (near !== undefined)
    return reportAt(`${where}: ${near.name}`)("federated-credential-mismatch", near.differences.join("; "));
  const names = known.length === 0 ? "none at all" : known.map(({ name }) => name).join(", ");
  return reportAt(where)("federated-credential-missing", `none for ${federated.subject} (found: ${names})`);
}

function ofRole({ snapshot, expected }: View): readonly Sighting[] {
  const { roleAssignments } = snapshot.identity;
  if (!roleAssignments.ok || roleAssignments.value.some(({ role }) => readingRoles.has(role))) return [];
  const report = reportAt(`role assignments at ${expected.azure.keyVault}`);
  return report("role-assignment-missing", `${expected.azure.identity} has none that reads secrets`);
}

/** What stopped the last run of the bootstrap, where Azure itself did not already show it. */
function ofLastRun({ snapshot, expected }: View, sightings: readonly Sighting[]): readonly Sighting[] {
  const failure = lastFailure(snapshot, expected);
  if (failure === undefined || sightings.some(({ secrets }) => secrets === undefined)) return [];
  const { where, seen, cause } = failure;
  const report = reportAt(where);
  const { federatedCredentials, roleAssignments } = snapshot.identity;
  if (cause === "federation-mismatch") {
    if (federatedCredentials.ok) return report("federation-propagating", seen);
    return report("federated-credential-missing", `${seen}; not verified: ${federatedCredentials.failure.message}`);
  }
  if (cause !== "source-forbidden") return [];
  return report(roleAssignments.ok ? "role-propagating" : "role-assignment-missing", seen);
}
