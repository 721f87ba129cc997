import { keyVaultSecretsUser } from "../domain/resources/azure-ids.ts";
import { bootstrapName, federationAudience } from "../domain/plan/federation.ts";
import { environmentNames, type EnvironmentName } from "../domain/stage.ts";
import { advisoryInDev, type ResourceRule, type Violations } from "./rule.ts";
import { list, text } from "./subject/reading.ts";
import { namespaceOf } from "../domain/names.ts";

const credential = ["FederatedCredential"] as const;

export const identitySubject: ResourceRule = {
  id: "identity-subject",
  severity: "critical",
  description:
    "A federated credential names exactly one ServiceAccount; vault-bootstrap's names that of its own environment.",
  why: "After the namespaces were split the subjects named none that existed: Key Vault could not be read in three environments.",
  remediation: "Set subject to system:serviceaccount:ameide-<env>:foundation-vault-bootstrap-vault-bootstrap.",
  references: ["P4"],
  kinds: credential,
  judge({ object }, { place }) {
    const path = ["subject"];
    const subject = text(object, "subject");
    if (subject === undefined) return [{ path, problem: "has no subject; name the ServiceAccount" }];
    if (!/^system:serviceaccount:[a-z0-9-]+:[a-z0-9.-]+$/.test(subject)) {
      return [{ path, problem: `subject "${subject}" names no single ServiceAccount` }];
    }
    if (!subject.endsWith(`:${bootstrapName}`)) return [];
    const allowed: readonly EnvironmentName[] = place === "shared" ? environmentNames : [place];
    const wanted = allowed.map((environment) => `system:serviceaccount:${namespaceOf(environment)}:${bootstrapName}`);
    if (wanted.includes(subject)) return [];
    return [{ path, problem: `subject "${subject}" is of another environment; set "${wanted[0] ?? ""}"` }];
  },
};

export const identityIssuer: ResourceRule = {
  id: "identity-issuer",
  severity: "high",
  description: "The issuer is an https address, to the letter as the cluster's tokens carry it.",
  why: "A new cluster has a new issuer; Entra compares texts, and one slash less ends in AADSTS70021 for minutes on end.",
  remediation: "Set cluster.oidcIssuer from `az aks show --query oidcIssuerProfile.issuerUrl`.",
  references: ["https://learn.microsoft.com/azure/aks/use-oidc-issuer"],
  kinds: credential,
  judge({ object }, { place }) {
    const path = ["issuer"];
    const issuer = text(object, "issuer");
    if (issuer === undefined) return [{ path, problem: "has no issuer; set the cluster's" }];
    const url = URL.canParse(issuer) ? new URL(issuer) : undefined;
    if (url === undefined || url.protocol !== "https:" || url.search !== "" || issuer !== issuer.trim()) {
      return [{ path, problem: `issuer "${issuer}" is no plain https address` }];
    }
    if (place !== "local" && /^(127\.|localhost$)/.test(url.hostname)) {
      return [{ path, problem: `issuer "${issuer}" is on this machine; Entra cannot reach it` }];
    }
    const aks = url.hostname.endsWith(".oic.prod-aks.azure.com");
    return aks && !issuer.endsWith("/") ? [{ path, problem: `issuer "${issuer}" of AKS ends in a slash; add it` }] : [];
  },
};

export const identityAudience: ResourceRule = {
  id: "identity-audience",
  severity: "high",
  description: "The audience is exactly Entra's own.",
  why: "Another audience is never presented by a workload's token; a second one is refused by Azure.",
  remediation: `Set audiences: ["${federationAudience}"].`,
  references: ["https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations"],
  kinds: credential,
  judge({ object }) {
    const audiences = list(object, "audiences").map((_, i) => text(object, "audiences", i) ?? "");
    const classic = text(object, "audience");
    const found = classic === undefined ? audiences : [...audiences, classic];
    if (found.length === 1 && found[0] === federationAudience) return [];
    const seen = found.length === 0 ? "has no audience" : `has ${found.map((one) => `"${one}"`).join(", ")}`;
    return [{ path: ["audiences"], problem: `${seen}; set exactly "${federationAudience}"` }];
  },
};

/** Azure's built-in roles that reach a Key Vault's secrets or hand out rights to them. */
const wideRoles: Readonly<Record<string, string>> = {
  "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
  "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
  "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
  "00482a5a-887f-4fb3-b363-3b7fe8e74483": "Key Vault Administrator",
  "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": "Key Vault Secrets Officer",
  "f25e0fa2-a7c8-4377-a976-54943a77a395": "Key Vault Contributor",
  "8b54135c-b56d-4d72-a534-26097cfdc8d8": "Key Vault Data Access Administrator",
};

const keyVaultScope = /\/providers\/Microsoft\.KeyVault\/vaults\//i;

/** The role's GUID in lower case, or its name where the provider takes that. @throws Undecided */
function roleOf(object: unknown): string | undefined {
  const id = text(object, "roleDefinitionId");
  return id === undefined ? text(object, "roleDefinitionName") : id.slice(id.lastIndexOf("/") + 1).toLowerCase();
}

export const identityRole: ResourceRule = {
  id: "identity-role",
  severity: "critical",
  description: 'Who reads Key Vault for the cluster has the role "Key Vault Secrets User" and no wider one.',
  why: "An Officer in the cluster can overwrite every environment's secrets: the vault is one for all of them.",
  remediation: "Assign Key Vault Secrets User; keep writing to people and to an identity outside the cluster.",
  references: ["https://learn.microsoft.com/azure/key-vault/general/rbac-guide"],
  kinds: ["RoleAssignment"],
  judge({ object }) {
    const path = ["roleDefinitionId"];
    const role = roleOf(object);
    if (role === undefined) return [{ path, problem: "names no role; set Key Vault Secrets User" }];
    if (role === keyVaultSecretsUser || role === "Key Vault Secrets User") return [];
    const wide = wideRoles[role] ?? Object.values(wideRoles).find((name) => name === role);
    if (wide !== undefined) return [{ path, problem: `assigns ${wide}; set Key Vault Secrets User` }];
    const onVault = keyVaultScope.test(text(object, "scope") ?? "");
    return onVault ? [{ path, problem: `assigns the role "${role}" on a Key Vault; set Key Vault Secrets User` }] : [];
  },
};

export const identityScope: ResourceRule = {
  id: "identity-scope",
  severity: "critical",
  description: "The role holds at the scope of one Key Vault, or of one secret in it.",
  why: "At the scope of a group or subscription it opens every vault that is ever made there.",
  remediation: "Set scope to the id of the Key Vault.",
  references: ["https://learn.microsoft.com/azure/key-vault/general/rbac-guide"],
  kinds: ["RoleAssignment"],
  judge({ object }) {
    const role = roleOf(object);
    if (role !== keyVaultSecretsUser && role !== "Key Vault Secrets User") return [];
    const scope = text(object, "scope");
    const vault =
      /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.KeyVault\/vaults\/[^/]+(?:\/secrets\/[^/]+)?$/i;
    if (scope !== undefined && vault.test(scope)) return [];
    const found = scope === undefined ? "has no scope" : `has the scope "${scope}"`;
    return [{ path: ["scope"], problem: `${found}; set that of one Key Vault` }];
  },
};

const guid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

export const identityClientIdInValues: ResourceRule = {
  id: "identity-client-id-in-values",
  severity: "high",
  description: "No values file types an identity's client id.",
  why: "The typed id went stale when the identity was made anew, and nothing compared the two.",
  remediation: "Let the program that makes the identity write it; `ameide-secrets render` takes it from there.",
  references: ["P3"],
  levels: advisoryInDev,
  kinds: ["Values"],
  judge: (subject) =>
    subject
      .leaves()
      .flatMap(({ path, value = "" }): Violations =>
        isClientIdOfWorkload(path.join(".").toLowerCase()) && guid.test(value)
          ? [{ path, problem: "types the client id of a workload identity" }]
          : [],
      ),
};

function isClientIdOfWorkload(path: string): boolean {
  return path.includes("workloadidentity") && path.endsWith(".clientid");
}
