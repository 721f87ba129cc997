import { bootstrapName, bootstrapRole, namespaceOf, vaultServerAddress, vaultServerName } from "../names.ts";
import type { FederatedSubject } from "./environment.ts";
import type { Finding } from "../finding.ts";
import { environmentNames, type EnvironmentName, type Stage } from "../stage.ts";

/** What one environment's stack claims of what it may have to share with others. */
export interface StackClaim {
  readonly environment: EnvironmentName;
  /** Where it is claimed, such as `Pulumi.dev.yaml`. */
  readonly where: string;
  /** Tells clusters apart: two stacks with one issuer live in one cluster. */
  readonly oidcIssuer: string;
  /** Context of the kubeconfig. */
  readonly context: string;
  /** Every namespace in which it makes a store, its own among them. */
  readonly namespaces: readonly string[];
  /** How pods reach its Vault. */
  readonly vaultAddress: string;
  /** Namespace of Vault Enterprise or OpenBao. @default - the root namespace */
  readonly vaultNamespace?: string;
  /** Path of the KV v2 engine. */
  readonly vaultMount: string;
  /** Path of the Kubernetes auth method. */
  readonly vaultAuthMount: string;
  readonly federated: FederatedSubject;
}

/** Azure's cap for one user-assigned identity. */
const maxFederatedCredentials = 20;

/** What no single stack can see: two of them that claim one thing. Each finding names both. */
export function checkStacks(claims: readonly StackClaim[]): readonly Finding[] {
  return [
    ...checkFederation(claims.map(({ federated }) => federated)),
    ...claims.flatMap((claim) => foreignVault(claim)),
    ...pairs(claims).flatMap(([first, second]) => [
      ...sharedNamespaces(first, second),
      ...sharedVault(first, second),
      ...sharedContext(first, second),
    ]),
  ];
}

/** The identity's federated credentials over all environments: Azure's cap, and two that are one. */
export function checkFederation(subjects: readonly FederatedSubject[]): readonly Finding[] {
  const found: Finding[] = [];
  if (subjects.length > maxFederatedCredentials) {
    found.push(
      error(
        "federation-over-cap",
        "identity",
        undefined,
        "ameide-vault-bootstrap-mi",
        `${subjects.length} federated credentials on one identity; Azure allows ${maxFederatedCredentials}`,
        "give some environments an identity of their own",
      ),
    );
  }
  for (const [first, second] of pairs(subjects)) {
    if (first.name === second.name) {
      const problem = `${first.environment} and ${second.environment} both make the federated credential ${first.name}`;
      found.push(error("federation-name-twice", "identity", undefined, first.name, problem, "rename one of the two"));
    }
    if (first.issuer === second.issuer && first.subject === second.subject) {
      const problem = `${first.name} and ${second.name} both trust ${first.subject} of ${first.issuer}`;
      const fix = "correct the namespace or the issuer of one; Azure refuses the second";
      found.push(error("federation-subject-twice", "identity", undefined, first.subject, problem, fix));
    }
  }
  return found;
}

/** Two stacks that would write the same SecretStore and Vault role into one namespace. */
function sharedNamespaces(first: StackClaim, second: StackClaim): readonly Finding[] {
  if (first.oidcIssuer !== second.oidcIssuer) return [];
  return first.namespaces
    .filter((namespace) => second.namespaces.includes(namespace))
    .map((namespace) =>
      error(
        "namespace-claimed-twice",
        "secret-store",
        second.where,
        namespace,
        `${first.environment} (${first.where}) and ${second.environment} (${second.where}) both make a store in ${namespace} of one cluster`,
        "leave it to one of the two",
      ),
    );
}

/** Two stacks on one Vault: policies and roles have the same names in each, and only a namespace keeps them apart. */
function sharedVault(first: StackClaim, second: StackClaim): readonly Finding[] {
  const sameCluster = first.oidcIssuer === second.oidcIssuer || !isClusterLocal(first.vaultAddress);
  if (!sameCluster || first.vaultAddress !== second.vaultAddress) return [];
  if (first.vaultNamespace !== second.vaultNamespace) return [];
  return [
    error(
      "vault-role-collides",
      "vault",
      second.where,
      bootstrapRole,
      `${first.environment} (${first.where}) and ${second.environment} (${second.where}) both write the role ${bootstrapRole} to ${first.vaultAddress}`,
      "give each environment a Vault of its own (leave vault.address out for the default), or a namespace of its own in it (vault.namespace)",
    ),
  ];
}

/** One context that two stacks take for two clusters: one of them would change the other's. */
function sharedContext(first: StackClaim, second: StackClaim): readonly Finding[] {
  if (first.context !== second.context || first.oidcIssuer === second.oidcIssuer) return [];
  return [
    error(
      "cluster-context-shared",
      "identity",
      second.where,
      first.context,
      `${first.environment} (${first.where}) and ${second.environment} (${second.where}) use the context ${first.context} with two OIDC issuers`,
      "correct the context or the issuer of one: az aks show --query oidcIssuerProfile.issuerUrl",
    ),
  ];
}

/** An address whose host bears another environment's name. */
function foreignVault({ environment, where, vaultAddress }: StackClaim): readonly Finding[] {
  const labels = hostOf(vaultAddress).split(".");
  const other = environmentNames
    .filter((name) => name !== environment)
    .find((name) => labels.some((label) => label === vaultServerName(name) || label === namespaceOf(name)));
  if (other === undefined) return [];
  return [
    error(
      "vault-of-another-environment",
      "vault",
      where,
      "vault.address",
      `vault.address of ${environment} is ${other}'s: ${vaultAddress}`,
      `leave it out for ${vaultServerAddress(environment)}`,
    ),
  ];
}

function isClusterLocal(address: string): boolean {
  const host = hostOf(address);
  return host.endsWith(".svc.cluster.local") || host.endsWith(".svc") || !host.includes(".");
}

function hostOf(address: string): string {
  return URL.canParse(address) ? new URL(address).hostname : address;
}

function pairs<Item>(items: readonly Item[]): readonly (readonly [Item, Item])[] {
  return items.flatMap((first, index) => items.slice(index + 1).map((second) => [first, second] as const));
}

function error(
  code: string,
  stage: Stage,
  where: string | undefined,
  subject: string,
  problem: string,
  fix: string,
): Finding {
  return { code, stage, severity: "error", ...(where === undefined ? {} : { where }), subject, problem, fix };
}

/** Audience that Entra asks of every token of a workload. */
export const federationAudience = "api://AzureADTokenExchange";

/**
 * The federated credential of one environment's bootstrap.
 *
 * @param issuer - the cluster's OIDC issuer, to the letter: Entra compares issuer and subject as texts.
 */
export function federatedSubject(environment: EnvironmentName, issuer: string): FederatedSubject {
  return {
    environment,
    name: `vault-bootstrap-${environment}`,
    issuer,
    subject: `system:serviceaccount:${namespaceOf(environment)}:${bootstrapName}`,
    audience: federationAudience,
  };
}
