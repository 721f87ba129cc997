import { bootstrapName, bootstrapRole, namespaceOf, vaultServerAddress, vaultServerName } from "../names.ts";
import type { EnvironmentStack, FederatedSubject } from "./environment.ts";
import { errorFinding, type Finding } from "../finding.ts";
import { repeated } from "../repeated.ts";
import { environmentNames, type EnvironmentName } from "../stage.ts";

/** What one environment's stack uses that another stack may use as well. */
export interface StackClaim {
  readonly environment: EnvironmentName;
  /** Where it is claimed, such as `Pulumi.dev.yaml`. */
  readonly where: string;
  /** Identifies the cluster: two stacks with one issuer are in one cluster. */
  readonly oidcIssuer: string;
  readonly context: string;
  /** Every namespace in which it makes a store, its own among them. */
  readonly namespaces: readonly string[];
  /** Its Vault as pods reach it, with the paths of the KV v2 engine and of the Kubernetes auth method. */
  readonly vault: Pick<EnvironmentStack["vault"], "address" | "namespace" | "mount" | "authMount">;
  readonly federated: FederatedSubject;
}

/** Azure's limit for one user-assigned identity. */
const maxFederatedCredentials = 20;

/** What no single stack can see: two stacks that claim the same thing. Each finding names both. */
export function checkStacks(claims: readonly StackClaim[]): readonly Finding[] {
  return [
    ...checkFederation(claims.map(({ federated }) => federated)),
    ...claims.flatMap((claim) => foreignVault(claim)),
    ...claims.flatMap((first, index) => claims.slice(index + 1).flatMap((second) => sharedThings(first, second))),
  ];
}

export function checkFederation(subjects: readonly FederatedSubject[]): readonly Finding[] {
  const refuse = (code: string, subject: string, problem: string, fix: string) =>
    errorFinding(code, "identity", subject, problem, fix);
  const count = `${subjects.length} federated credentials on one identity; Azure allows ${maxFederatedCredentials}`;
  const split = "give some environments an identity of their own";
  return [
    ...(subjects.length > maxFederatedCredentials
      ? [refuse("federation-over-cap", "ameide-vault-bootstrap-mi", count, split)]
      : []),
    ...repeated(subjects, ({ name }) => name).map(([name, first, second]) => {
      const problem = `${first.environment} and ${second.environment} both create the federated credential ${name}`;
      return refuse("federation-name-twice", name, problem, "rename one of the two");
    }),
    ...repeated(subjects, ({ issuer, subject }) => `${issuer} ${subject}`).map(
      ([, first, { name, issuer, subject }]) => {
        const problem = `${first.name} and ${name} both trust ${subject} of ${issuer}`;
        const fix = "correct the namespace or the issuer of one; Azure refuses the second";
        return refuse("federation-subject-twice", subject, problem, fix);
      },
    ),
  ];
}

function sharedThings(first: StackClaim, second: StackClaim): readonly Finding[] {
  const both = `${first.environment} (${first.where}) and ${second.environment} (${second.where})`;
  const isOneCluster = first.oidcIssuer === second.oidcIssuer;
  const common = isOneCluster ? first.namespaces.filter((name) => second.namespaces.includes(name)) : [];
  const found = common.map((namespace) => {
    const problem = `${both} both create a store in ${namespace} of one cluster`;
    const fix = "remove the namespace from one of the two";
    return errorFinding("namespace-claimed-twice", "secret-store", namespace, problem, fix, second.where);
  });
  // policies and roles have the same names in each environment, and only a namespace keeps them apart
  const isOneVault =
    (isOneCluster || !isClusterLocal(first.vault.address)) &&
    first.vault.address === second.vault.address &&
    first.vault.namespace === second.vault.namespace;
  if (isOneVault) {
    const problem = `${both} both write the role ${bootstrapRole} to ${first.vault.address}`;
    const fix =
      "give each environment a Vault of its own (leave vault.address out for the default), or a namespace of its own in it (vault.namespace)";
    found.push(errorFinding("vault-role-collides", "vault", bootstrapRole, problem, fix, second.where));
  }
  if (first.context === second.context && !isOneCluster) {
    const problem = `${both} use the context ${first.context} with two OIDC issuers`;
    const fix = "correct the context or the issuer of one: az aks show --query oidcIssuerProfile.issuerUrl";
    found.push(errorFinding("cluster-context-shared", "identity", first.context, problem, fix, second.where));
  }
  return found;
}

function foreignVault({ environment, where, vault: { address } }: StackClaim): readonly Finding[] {
  const labels = hostOf(address).split(".");
  const other = environmentNames
    .filter((name) => name !== environment)
    .find((name) => labels.some((label) => label === vaultServerName(name) || label === namespaceOf(name)));
  if (other === undefined) return [];
  const problem = `vault.address of ${environment} is the address of ${other}'s Vault: ${address}`;
  const fix = `leave it out for ${vaultServerAddress(environment)}`;
  return [errorFinding("vault-of-another-environment", "vault", "vault.address", problem, fix, where)];
}

function isClusterLocal(address: string): boolean {
  const host = hostOf(address);
  return host.endsWith(".svc.cluster.local") || host.endsWith(".svc") || !host.includes(".");
}

function hostOf(address: string): string {
  return URL.canParse(address) ? new URL(address).hostname : address;
}

/** Audience that Entra asks of every token of a workload. */
export const federationAudience = "api://AzureADTokenExchange";

/** The federated credential of one environment's bootstrap. Entra compares issuer and subject as texts. */
export function federatedSubject(environment: EnvironmentName, issuer: string): FederatedSubject {
  return {
    environment,
    name: `vault-bootstrap-${environment}`,
    issuer,
    subject: `system:serviceaccount:${namespaceOf(environment)}:${bootstrapName}`,
    audience: federationAudience,
  };
}
