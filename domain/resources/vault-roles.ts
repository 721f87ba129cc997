import { bootstrapWriters } from "../bootstrap-writers.ts";
import type { EnvironmentStack } from "../plan/environment.ts";
import { auditorPolicyName, deployerPolicyName, patcherPolicyName, patcherRole } from "./vault-policies.ts";

/** One way to log in by Kubernetes auth: exactly one account of one namespace, with one policy. */
export interface VaultRole {
  readonly name: string;
  readonly namespace: string;
  /** Never `default`: any pod of the namespace could take the role. */
  readonly serviceAccount: string;
  readonly policy: string;
  /** Its tokens go without Vault's default policy: the one that is named says all that they need. */
  readonly noDefaultPolicy?: true;
}

/** A role for each consumer: the stores, vault-bootstrap, and the client-patcher where Keycloak clients are declared. */
export function vaultRoles({
  plan,
  bootstrap,
  namespace,
}: Pick<EnvironmentStack, "plan" | "bootstrap" | "namespace">): readonly VaultRole[] {
  return [
    ...plan.stores.map((store) => ({
      name: store.role,
      namespace: store.namespace,
      serviceAccount: store.serviceAccount,
      policy: store.policy,
    })),
    ...bootstrapWriters(bootstrap.config).map(({ role }) => ({
      name: role,
      namespace,
      serviceAccount: bootstrap.name,
      policy: role,
      noDefaultPolicy: true as const,
    })),
    ...(plan.patcherPaths.length > 0
      ? [{ name: patcherRole, namespace, serviceAccount: "keycloak-client-patcher", policy: patcherPolicyName }]
      : []),
  ];
}

/** What jobs of GitHub Actions may log in as: the role and its policy have one name. */
export interface GithubRole {
  readonly name: string;
  /** Claims of the job's token, each with the one value that is accepted. */
  readonly boundClaims: Readonly<Record<string, string>>;
}

/**
 * A role that deploys and one that only reads, each for jobs of one GitHub environment, whose protection rules then decide
 * who gets a token. The reading one is bound to no ref, since a pull request has a ref of its own.
 *
 * @see https://docs.github.com/en/actions/reference/security/oidc
 */
export function githubRoles({ name, vault: { githubLogin } }: Pick<EnvironmentStack, "name" | "vault">): GithubRole[] {
  if (githubLogin === undefined) return [];
  const { repository, repositoryId, ref } = githubLogin;
  const claims = { repository, ...(repositoryId === undefined ? {} : { repository_id: repositoryId }) };
  return [
    { name: deployerPolicyName, boundClaims: { ...claims, environment: name, ref } },
    { name: auditorPolicyName, boundClaims: { ...claims, environment: `${name}-plan` } },
  ];
}

/** Audience of the tokens for an environment's Vault: what one Vault was sent, no other accepts. */
export function githubAudience(name: string): string {
  return `ameide-secrets-vault-${name}`;
}
