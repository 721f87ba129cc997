import { keyVaultSecretsUser } from "../domain/resources/azure-inputs.ts";
import { federationAudience } from "../domain/plan/stack-check.ts";
import { bootstrapName, namespaceOf } from "../domain/names.ts";
import { environmentNames } from "../domain/stage.ts";
import { advisoryInDev, type ResourceRule } from "./rule.ts";
import { text, textsOf } from "./subject/reading.ts";
import type { Kind } from "./subject/subject.ts";

const credential: readonly Kind[] = ["FederatedCredential"];

export const identitySubject: ResourceRule = {
  id: "identity-subject",
  severity: "critical",
  description:
    "A federated credential names exactly one ServiceAccount; vault-bootstrap's names the one of its own environment.",
  why: "After the namespaces were split, the subjects named ServiceAccounts that did not exist: Key Vault could not be read in three environments.",
  remediation: `Set subject to system:serviceaccount:ameide-<env>:${bootstrapName}.`,
  references: ["P4"],
  kinds: credential,
  judge({ object }, { place }) {
    const path = ["subject"];
    const subject = text(object, "subject");
    if (subject === undefined) return { path, problem: "has no subject; name the ServiceAccount" };
    if (!/^system:serviceaccount:[a-z0-9-]+:[a-z0-9.-]+$/.test(subject)) {
      return { path, problem: `subject "${subject}" does not name a single ServiceAccount` };
    }
    if (!subject.endsWith(`:${bootstrapName}`)) return [];
    const environments = place === "shared" ? environmentNames : [place];
    const wanted = environments.map((name) => `system:serviceaccount:${namespaceOf(name)}:${bootstrapName}`);
    const problem = `subject "${subject}" belongs to another environment; set "${wanted[0] ?? ""}"`;
    return !wanted.includes(subject) && { path, problem };
  },
};

export const identityIssuer: ResourceRule = {
  id: "identity-issuer",
  severity: "high",
  description: "The issuer is an https address, exactly as in the cluster's tokens.",
  why: "A new cluster has a new issuer. Entra compares the text, and one missing slash causes AADSTS70021.",
  remediation: "Set cluster.oidcIssuer from `az aks show --query oidcIssuerProfile.issuerUrl`.",
  references: ["https://learn.microsoft.com/azure/aks/use-oidc-issuer"],
  kinds: credential,
  judge({ object }, { place }) {
    const path = ["issuer"];
    const issuer = text(object, "issuer");
    if (issuer === undefined) return { path, problem: "has no issuer; set the cluster's" };
    const url = URL.canParse(issuer) ? new URL(issuer) : undefined;
    if (url === undefined || url.protocol !== "https:" || url.search !== "" || issuer !== issuer.trim()) {
      return { path, problem: `issuer "${issuer}" is not a plain https address` };
    }
    if (place !== "local" && /^(127\.|localhost$)/.test(url.hostname)) {
      return { path, problem: `issuer "${issuer}" is on this machine; Entra cannot reach it` };
    }
    const isAks = url.hostname.endsWith(".oic.prod-aks.azure.com");
    return (
      isAks && !issuer.endsWith("/") && { path, problem: `issuer "${issuer}" of AKS must end with a slash; add it` }
    );
  },
};

export const identityAudience: ResourceRule = {
  id: "identity-audience",
  severity: "high",
  description: "The audience is exactly Entra's own.",
  why: "No workload's token has another audience, and Azure refuses a second one.",
  remediation: `Set audiences: ["${federationAudience}"].`,
  references: ["https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations"],
  kinds: credential,
  judge({ object }) {
    const found = [...textsOf(object, "audiences"), text(object, "audience") ?? []].flat();
    const is = found.length === 0 ? "has no audience" : `has ${found.map((one) => `"${one}"`).join(", ")}`;
    const isRight = found.length === 1 && found[0] === federationAudience;
    return !isRight && { path: ["audiences"], problem: `${is}; set exactly "${federationAudience}"` };
  },
};

const secretsUser = "Key Vault Secrets User";

/** Azure's built-in roles that can read a Key Vault's secrets or grant access to them. */
const wideRoles: Readonly<Record<string, string>> = {
  "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
  "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
  "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
  "00482a5a-887f-4fb3-b363-3b7fe8e74483": "Key Vault Administrator",
  "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": "Key Vault Secrets Officer",
  "f25e0fa2-a7c8-4377-a976-54943a77a395": "Key Vault Contributor",
  "8b54135c-b56d-4d72-a534-26097cfdc8d8": "Key Vault Data Access Administrator",
};

/** The role's GUID in lower case, or its name where the provider accepts one. @throws Undecided */
function roleOf(object: unknown): string | undefined {
  const id = text(object, "roleDefinitionId");
  return id === undefined ? text(object, "roleDefinitionName") : id.slice(id.lastIndexOf("/") + 1).toLowerCase();
}

function isSecretsUser(role: string | undefined): boolean {
  return role === keyVaultSecretsUser || role === secretsUser;
}

export const identityRole: ResourceRule = {
  id: "identity-role",
  severity: "critical",
  description: `The identity that reads Key Vault for the cluster has the role "${secretsUser}" and no wider one.`,
  why: "All environments share one Key Vault: a Secrets Officer in one cluster can overwrite the secrets of all of them.",
  remediation: `Assign ${secretsUser}; let only people, or an identity outside the cluster, write.`,
  references: ["https://learn.microsoft.com/azure/key-vault/general/rbac-guide"],
  kinds: ["RoleAssignment"],
  judge({ object }) {
    const path = ["roleDefinitionId"];
    const role = roleOf(object);
    if (role === undefined) return { path, problem: `names no role; set ${secretsUser}` };
    if (isSecretsUser(role)) return [];
    const wide = wideRoles[role] ?? Object.values(wideRoles).find((name) => name === role);
    if (wide !== undefined) return { path, problem: `assigns ${wide}; set ${secretsUser}` };
    const isOnVault = /\/providers\/Microsoft\.KeyVault\/vaults\//i.test(text(object, "scope") ?? "");
    return isOnVault && { path, problem: `assigns the role "${role}" on a Key Vault; set ${secretsUser}` };
  },
};

export const identityScope: ResourceRule = {
  id: "identity-scope",
  severity: "critical",
  description: "The role is assigned at the scope of one Key Vault, or of one secret in it.",
  why: "At the scope of a resource group or subscription, it gives access to every vault there, also to later ones.",
  remediation: "Set scope to the id of the Key Vault.",
  references: ["https://learn.microsoft.com/azure/key-vault/general/rbac-guide"],
  kinds: ["RoleAssignment"],
  judge({ object }) {
    if (!isSecretsUser(roleOf(object))) return [];
    const scope = text(object, "scope");
    const oneVault =
      /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.KeyVault\/vaults\/[^/]+(?:\/secrets\/[^/]+)?$/i;
    const found = scope === undefined ? "has no scope" : `has the scope "${scope}"`;
    return !oneVault.test(scope ?? "") && { path: ["scope"], problem: `${found}; set the id of one Key Vault` };
  },
};

const guid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

export const identityClientIdInValues: ResourceRule = {
  id: "identity-client-id-in-values",
  severity: "high",
  description: "No values file contains an identity's client id.",
  why: "The identity was created again, the values file kept the old id, and nothing compared the two.",
  remediation: "Let the program that creates the identity write it; `ameide-secrets render` takes it from there.",
  references: ["P3"],
  levels: advisoryInDev,
  kinds: ["Values"],
  judge: (subject) =>
    subject.leaves().map(({ path, value = "" }) => {
      const key = path.join(".").toLowerCase();
      const isClientId = key.includes("workloadidentity") && key.endsWith(".clientid") && guid.test(value);
      return isClientId && { path, problem: "contains the client id of a workload identity" };
    }),
};
