import { keyVaultSecretsUser } from "../../domain/resources/azure-inputs.ts";
import { lastFailure } from "./bootstrap-failure.ts";
import { azureUnseen } from "./key-vault.ts";
import { reportAt, type Rule, type Sighting, type View } from "./view.ts";

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

/** The identity, its client id in the pod template, its federated credential to the letter, its role. */
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
    ].flatMap(([part, is, wanted]) => (is === wanted ? [] : [`${part} is ${is}, wanted ${wanted}`])),
  }));
  if (known.some(({ differences }) => differences.length === 0)) return [];
  const near = known.find(({ subject, name }) => subject === federated.subject || name === federated.name);
  if (near !== undefined)
    return reportAt(`${where}: ${near.name}`)("federated-credential-mismatch", near.differences.join("; "));
  const names = known.length === 0 ? "none at all" : known.map(({ name }) => name).join(", ");
  return reportAt(where)("federated-credential-missing", `none for ${federated.subject} (there are: ${names})`);
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
