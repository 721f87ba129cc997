import { keyVaultSecretsUser } from "../domain/resources/azure-inputs.ts";
import { federationAudience } from "../domain/plan/stack-check.ts";
import { bootstrapName, namespaceOf } from "../domain/names.ts";
import { environmentNames } from "../domain/stage.ts";
import { advisoryInDev, type RuleTable, judgeEach, type Violations } from "./rule.ts";
import { text, textsOf, isUnknown, list, type Path, rawAt } from "./subject/reading.ts";
import { leavesOf, type Kind, type Subject } from "./subject/subject.ts";
import { podPath } from "./subject/pods.ts";

const credential: readonly Kind[] = ["FederatedCredential"];

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

/** Azure's limit for one user-assigned identity. */
const mostCredentials = 20;

const guid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** What an offline plan has in place of an id that only Azure can assign. */
const offlineId = "00000000-0000-0000-0000-000000000000";

export const identityRules = {
  "identity-subject": {
    severity: "critical",
    description:
      "A federated credential names exactly one ServiceAccount; vault-bootstrap's names the one of its own environment.",
    why: "After the namespaces were split, the subjects named ServiceAccounts that did not exist: Key Vault could not be read in three environments.",
    remediation: `Set subject to system:serviceaccount:ameide-<env>:${bootstrapName}.`,
    references: ["P4"],
    kinds: credential,
    judge({ object }, { environment }) {
      const path = ["subject"];
      const subject = text(object, "subject");
      if (subject === undefined) return { path, problem: "has no subject; name the ServiceAccount" };
      if (!/^system:serviceaccount:[a-z0-9-]+:[a-z0-9.-]+$/.test(subject)) {
        return { path, problem: `subject "${subject}" does not name a single ServiceAccount` };
      }
      if (!subject.endsWith(`:${bootstrapName}`)) return [];
      const environments = environment === "shared" ? environmentNames : [environment];
      const wanted = environments.map((name) => `system:serviceaccount:${namespaceOf(name)}:${bootstrapName}`);
      const problem = `subject "${subject}" belongs to another environment; set "${wanted[0] ?? ""}"`;
      return !wanted.includes(subject) && { path, problem };
    },
  },
  "identity-issuer": {
    severity: "high",
    description: "The issuer is an https address, exactly as in the cluster's tokens.",
    why: "A new cluster has a new issuer. Entra compares the text, and one missing slash causes AADSTS70021.",
    remediation: "Set cluster.oidcIssuer from `az aks show --query oidcIssuerProfile.issuerUrl`.",
    references: ["https://learn.microsoft.com/azure/aks/use-oidc-issuer"],
    kinds: credential,
    judge({ object }, { environment }) {
      const path = ["issuer"];
      const issuer = text(object, "issuer");
      if (issuer === undefined) return { path, problem: "has no issuer; set the cluster's" };
      const url = URL.canParse(issuer) ? new URL(issuer) : undefined;
      if (url === undefined || url.protocol !== "https:" || url.search !== "" || issuer !== issuer.trim()) {
        return { path, problem: `issuer "${issuer}" is not a plain https address` };
      }
      if (environment !== "local" && /^(127\.|localhost$)/.test(url.hostname)) {
        return { path, problem: `issuer "${issuer}" is on this machine; Entra cannot reach it` };
      }
      const isAks = url.hostname.endsWith(".oic.prod-aks.azure.com");
      return (
        isAks && !issuer.endsWith("/") && { path, problem: `issuer "${issuer}" of AKS must end with a slash; add it` }
      );
    },
  },
  "identity-audience": {
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
  },
  "identity-role": {
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
  },
  "identity-scope": {
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
  },
  "identity-client-id-in-values": {
    severity: "high",
    description: "No values file contains an identity's client id.",
    why: "The identity was created again, the values file kept the old id, and nothing compared the two.",
    remediation: "Let the program that creates the identity write it; `ameide-secrets render` takes it from there.",
    references: ["P3"],
    levels: advisoryInDev,
    kinds: ["Values"],
    judge: (subject) =>
      leavesOf(subject).map(({ path, value = "" }) => {
        const key = path.join(".").toLowerCase();
        const isClientId = key.includes("workloadidentity") && key.endsWith(".clientid") && guid.test(value);
        return isClientId && { path, problem: "contains the client id of a workload identity" };
      }),
  },
  "identity-credential-cap": {
    severity: "high",
    description: "An identity has at most 20 federated credentials, and no two with the same issuer and subject.",
    why: "Azure refuses the twenty-first credential, and a second one with the same issuer and subject, in the middle of an update.",
    remediation: "Use several identities, or remove the credentials of environments that no longer exist.",
    references: ["https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations"],
    kinds: ["FederatedCredential"],
    judgeAll(subjects) {
      // as few as one identity may have: then it does not matter which identity, and in a preview that is often not known
      const groups = subjects.length <= mostCredentials ? [["", subjects] as const] : Map.groupBy(subjects, identityOf);
      const counted = [...groups].map(([identity, credentials]): Violations => {
        const last = credentials.at(-1);
        const problem = `is one of ${credentials.length} on the identity "${identity}"; Azure allows ${mostCredentials}`;
        return last && credentials.length > mostCredentials && { subject: last, path: ["resourceName"], problem };
      });
      return [counted, duplicates(subjects)];
    },
  },
  "identity-credentials-in-series": {
    severity: "medium",
    description: "Federated credentials of one identity are created one after the other.",
    why: "Azure answers concurrent writes to one identity with 409, and the update stops halfway.",
    remediation: "Let each credential depend on the one before it (dependsOn).",
    references: ["https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations"],
    kinds: ["FederatedCredential"],
    judgeAll(subjects) {
      const credentials = subjects.filter(({ options }) => options?.dependsOn !== undefined);
      if (credentials.length < 2) return [];
      return [...Map.groupBy(credentials, identityOf).values()].map((group) => {
        const before = new Map(group.map(({ id, options }) => [id, options?.dependsOn ?? []]));
        return group.map((subject, i) => {
          const parallel = group
            .slice(0, i)
            .find((other) => !reaches(before, subject.id, other.id) && !reaches(before, other.id, subject.id));
          const problem = `is created at the same time as ${parallel?.label ?? ""}; let one depend on the other`;
          return parallel && { subject, problem };
        });
      });
    },
  },
  "identity-client-id-literal": {
    severity: "high",
    description: "The identity's client id comes from the identity's resource and is never a literal.",
    why: "The identity was created again, a literal kept the old client id, and Key Vault could not be read until someone compared the two.",
    remediation: "Pass the identity's clientId output; across stacks, the shared stack's output.",
    references: ["P3"],
    kinds: ["ServiceAccount", "CronJob", "Workload"],
    judgeAll: (subjects) =>
      judgeEach(subjects, (subject) => {
        const inputsFrom = subject.options?.inputsFrom;
        if (subject.origin !== "resource" || inputsFrom === undefined) return [];
        return clientIds(subject).map(({ value, path }) => {
          if (isUnknown(value) || typeof value !== "string" || !guid.test(value) || value === offlineId) return [];
          const isComputed = (inputsFrom.get(String(path[0])) ?? []).length > 0;
          return !isComputed && { subject, path, problem: "its client id is a literal; pass the identity's output" };
        });
      }),
  },
} satisfies RuleTable;

/** The role's GUID in lower case, or its name where the provider accepts one. @throws Undecided */
function roleOf(object: unknown): string | undefined {
  const id = text(object, "roleDefinitionId");
  return id === undefined ? text(object, "roleDefinitionName") : id.slice(id.lastIndexOf("/") + 1).toLowerCase();
}

function isSecretsUser(role: string | undefined): boolean {
  return role === keyVaultSecretsUser || role === secretsUser;
}

function identityOf({ object }: Subject): string {
  const name = text(object, "resourceName") ?? text(object, "parentId") ?? "";
  return `${text(object, "resourceGroupName") ?? ""}/${name}`;
}

function duplicates(subjects: readonly Subject[]): Violations {
  const byIssuerAndSubject = new Map<string, readonly Subject[]>();
  return judgeEach(subjects, (subject) => {
    const key = `${text(subject.object, "issuer") ?? ""} ${text(subject.object, "subject") ?? ""}`;
    const earlier = byIssuerAndSubject.get(key) ?? [];
    byIssuerAndSubject.set(key, [...earlier, subject]);
    const first = earlier.find((one) => identityOf(one) === identityOf(subject));
    return first && { subject, path: ["subject"], problem: `has the same issuer and subject as ${first.label}` };
  });
}

function reaches(before: ReadonlyMap<string, readonly string[]>, from: string, to: string): boolean {
  const seen = new Set<string>();
  const next = [from];
  for (let id = next.pop(); id !== undefined; id = next.pop()) {
    if (id === to) return true;
    if (seen.has(id)) continue;
    seen.add(id);
    next.push(...(before.get(id) ?? []));
  }
  return false;
}

/** Raw values: an unknown one is the output of another resource. */
function clientIds(subject: Subject): readonly { readonly value: unknown; readonly path: Path }[] {
  const { kind, object } = subject;
  if (kind === "ServiceAccount") {
    const path = ["metadata", "annotations", "azure.workload.identity/client-id"];
    return [{ value: rawAt(object, path), path }];
  }
  const pod = podPath(subject);
  return list(object, ...pod, "containers").flatMap((_, c) =>
    list(object, ...pod, "containers", c, "env").flatMap((_entry, e) => {
      const variable = [...pod, "containers", c, "env", e];
      const path = [...variable, "value"];
      return rawAt(object, [...variable, "name"]) === "AZURE_CLIENT_ID" ? [{ value: rawAt(object, path), path }] : [];
    }),
  );
}
