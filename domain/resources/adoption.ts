import { identityId, keyVaultId, keyVaultSecretId } from "./azure-inputs.ts";
import type { EnvironmentStack, SharedStack, StackPlan } from "../plan/environment.ts";
import { errorFinding, type Finding } from "../finding.ts";
import { nearest } from "../nearest.ts";
import { githubAuthMount, vaultPolicies, githubRoles, vaultRoles } from "./vault-policies.ts";

/** A resource that a stack can adopt unchanged instead of creating it; never a Kubernetes object, see {@link adoptables}. */
export interface Adoptable {
  /** Pulumi's type token, such as `vault:index/mount:Mount`. */
  readonly type: string;
  /** Name of the resource in the program, such as `vault-engine-kv`. */
  readonly resource: string;
  /** The provider's id; left out where Azure or whoever made it chose a part of it. */
  readonly id?: string;
}

/**
 * What may exist before this program and holds values or grants access: Key Vault, identity, role assignment,
 * federated credential, Vault's mounts, policies and roles. An object in Kubernetes is never adopted: whoever applies it
 * (ArgoCD, Helm) would go on applying it.
 */
export function adoptables(plan: StackPlan): readonly Adoptable[] {
  if (plan.kind === "shared") return inAzure(plan);
  const shared = plan.shared === undefined ? [] : inAzure(plan.shared);
  const type = "azure-native:managedidentity:FederatedIdentityCredential";
  return [...shared, { type, resource: `federation-${plan.federated.name}` }, ...inVault(plan)];
}

/** Secrets are among them only where a state holds their values: nowhere else are they resources. */
function inAzure({ azure, keyVaultSecrets }: SharedStack): readonly Adoptable[] {
  return [
    { type: "azure-native:keyvault:Vault", resource: "key-vault-vault", id: keyVaultId(azure) },
    ...[...keyVaultSecrets.keys()].map((name) => ({
      type: "azure-native:keyvault:Secret",
      resource: keyVaultSecretResource(name),
      id: keyVaultSecretId(azure, name),
    })),
    {
      type: "azure-native:managedidentity:UserAssignedIdentity",
      resource: "identity-identity",
      id: identityId(azure),
    },
    { type: "azure-native:authorization:RoleAssignment", resource: "identity-secrets-user" },
  ];
}

/** Name in the program of the resource that is a secret of Key Vault. */
export function keyVaultSecretResource(name: string): string {
  return `key-vault-${name}`;
}

/** Ids as HashiCorp's provider has them (registry.terraform.io/providers/hashicorp/vault, "Import" of each resource). */
function inVault(stack: EnvironmentStack): readonly Adoptable[] {
  const { vault, plan, bootstrap } = stack;
  const role = (mount: string, name: string) => `auth/${mount}/role/${name}`;
  const found: readonly (readonly [type: string, resource: string, id: string])[] = [
    ["index/mount:Mount", "engine-kv", vault.mount],
    ["kv/secretBackendV2:SecretBackendV2", "engine-kv-config", `${vault.mount}/config`],
    ...vaultPolicies({ plan, config: bootstrap.config }).map(
      ({ name }) => ["index/policy:Policy", `engine-${name}`, name] as const,
    ),
    ["index/authBackend:AuthBackend", "auth-backend", vault.authMount],
    ["kubernetes/authBackendConfig:AuthBackendConfig", "auth-config", `auth/${vault.authMount}/config`],
    ...vaultRoles(stack).map(
      ({ name }) =>
        ["kubernetes/authBackendRole:AuthBackendRole", `auth-${name}`, role(vault.authMount, name)] as const,
    ),
    ...(vault.githubLogin === undefined
      ? []
      : [["jwt/authBackend:AuthBackend", "github-backend", githubAuthMount] as const]),
    ...githubRoles(stack).map(
      ({ name }) => ["jwt/authBackendRole:AuthBackendRole", `github-${name}`, role(githubAuthMount, name)] as const,
    ),
  ];
  return found.map(([type, resource, id]) => ({ type: `vault:${type}`, resource: `vault-${resource}`, id }));
}

/** The line of a stack file that adopts a resource. */
export function adoptionLine(stack: string, resource: string, id: string): string {
  return `adopt it unchanged, in Pulumi.${stack}.yaml under ameide-secrets:settings: adopt: { ${resource}: ${JSON.stringify(id)} }`;
}

/** How a stack that keeps values in its state takes over a secret of Key Vault, and how the value of `.env` gets there. */
export function secretAdoptionLine(stack: string, name: string, id: string): string {
  return `${adoptionLine(stack, keyVaultSecretResource(name), id)}; the next update keeps its value. Then remove the entry: the update after that writes the value of .env`;
}

/** Every entry of `adopt` that this stack cannot mean; to be refused before anything is registered. */
export function checkAdopted(plan: StackPlan, stackName: string): readonly Finding[] {
  const known = new Map(adoptables(plan).map((one) => [one.resource, one]));
  return Object.entries(plan.adopt ?? {}).flatMap(([resource, id]): Finding[] => {
    const adoptable = known.get(resource);
    const stage = plan.kind === "shared" ? "key-vault" : "vault";
    const finding = (problem: string, fix: string): Finding[] => [
      errorFinding("settings-adopt", stage, resource, problem, fix, `Pulumi.${stackName}.yaml`),
    ];
    if (adoptable === undefined) {
      const names = [...known.keys()];
      const close = nearest(resource, names);
      return finding(
        `adopt: "${resource}" is not a resource that the stack ${stackName} can adopt`,
        close === undefined
          ? `use one of: ${names.join(", ")}`
          : `did you mean "${close}"? use one of: ${names.join(", ")}`,
      );
    }
    if (adoptable.id === undefined || adoptable.id.toLowerCase() === id.toLowerCase()) return [];
    return finding(
      `adopt: "${resource}" is "${id}", but the id in this stack is "${adoptable.id}"`,
      `adopt: { ${resource}: ${JSON.stringify(adoptable.id)} }`,
    );
  });
}
