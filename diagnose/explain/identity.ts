import { keyVaultSecretsUser } from "../../domain/resources/azure-inputs.ts";
import type { CauseCode } from "../causes.ts";
import { lastFailure } from "./bootstrap-failure.ts";
import { azureUnseen } from "./key-vault.ts";
import type { Rule, Sighting, View } from "./view.ts";

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
  const { resourceGroup, identity: name } = expected.azure;
  return kind === "not-found"
    ? [{ code: "identity-missing", where: `identity ${resourceGroup}/${name}`, seen: message }]
    : [azureUnseen(identity.failure)];
}

function ofClientId({ snapshot, expected }: View): readonly Sighting[] {
  const { identity } = snapshot.identity;
  const { cronJob } = snapshot.bootstrap;
  if (!identity.ok || !cronJob.ok) return [];
  const used = cronJob.value.environment["AZURE_CLIENT_ID"];
  if (used === undefined || used === identity.value.clientId) return [];
  const seen = `AZURE_CLIENT_ID is ${used}, the identity's client id is ${identity.value.clientId}`;
  return [{ code: "client-id-stale", where: `CronJob ${expected.namespace}/${expected.bootstrap.name}`, seen }];
}

function ofFederation({ snapshot, expected }: View): readonly Sighting[] {
  const { federatedCredentials, clusterIssuer } = snapshot.identity;
  const { federated, azure, cluster } = expected;
  if (clusterIssuer.ok && clusterIssuer.value !== federated.issuer) {
    const seen = `the cluster's tokens are issued by ${clusterIssuer.value}, the setting is ${federated.issuer}`;
    return [{ code: "federated-credential-mismatch", where: `cluster ${cluster.context}`, seen }];
  }
  if (!federatedCredentials.ok) return [];
  const where = `federated credentials of ${azure.identity}`;
  const known = federatedCredentials.value;
  const wanted = { issuer: federated.issuer, subject: federated.subject, audience: federated.audience };
  const found = known.map((one) => ({
    name: one.name,
    differences: Object.entries({
      issuer: one.issuer,
      subject: one.subject,
      audience: one.audiences.join(", "),
    }).filter(([part, value]) => value !== wanted[part as keyof typeof wanted]),
    subject: one.subject,
  }));
  if (found.some(({ differences }) => differences.length === 0)) return [];
  const near = found.find(({ subject, name }) => subject === wanted.subject || name === federated.name);
  if (near === undefined) {
    const names = known.map(({ name }) => name).join(", ") || "none at all";
    return [{ code: "federated-credential-missing", where, seen: `none for ${wanted.subject} (there are: ${names})` }];
  }
  const seen = near.differences.map(
    ([part, value]) => `${part} is ${value}, wanted ${wanted[part as keyof typeof wanted]}`,
  );
  return [{ code: "federated-credential-mismatch", where: `${where}: ${near.name}`, seen: seen.join("; ") }];
}

function ofRole({ snapshot, expected }: View): readonly Sighting[] {
  const { roleAssignments } = snapshot.identity;
  if (!roleAssignments.ok || roleAssignments.value.some(({ role }) => readingRoles.has(role))) return [];
  const where = `role assignments at ${expected.azure.keyVault}`;
  return [{ code: "role-assignment-missing", where, seen: `${expected.azure.identity} has none that reads secrets` }];
}

/** What the last run of the bootstrap met, where looking at Azure did not already say it. */
function ofLastRun({ snapshot, expected }: View, seen: readonly Sighting[]): readonly Sighting[] {
  const failure = lastFailure(snapshot, expected);
  if (failure === undefined || seen.some(({ secrets }) => secrets === undefined)) return [];
  const { where, seen: said } = failure;
  const say = (code: CauseCode, note = ""): readonly Sighting[] => [{ code, where, seen: `${said}${note}` }];
  if (failure.cause === "federation-mismatch") {
    const { federatedCredentials } = snapshot.identity;
    if (federatedCredentials.ok) return say("federation-propagating");
    return say("federated-credential-missing", `; not verified: ${federatedCredentials.failure.message}`);
  }
  if (failure.cause === "source-forbidden") {
    return say(snapshot.identity.roleAssignments.ok ? "role-propagating" : "role-assignment-missing");
  }
  return [];
}
