import { bootstrapWriters } from "../bootstrap-writers.ts";
import { bootstrapRole } from "../names.ts";
import type { EnvironmentStack } from "../plan/environment.ts";

/** One ACL policy of Vault, as HCL. */
export interface VaultPolicy {
  readonly name: string;
  readonly policy: string;
}

/** One way to log in by Kubernetes auth: exactly one account of one namespace, with one policy. */
export interface VaultRole {
  readonly name: string;
  readonly namespace: string;
  /** Never `default`: any pod of the namespace could take the role. */
  readonly serviceAccount: string;
  readonly policy: string;
  /** Without Vault's default policy: it needs two of its twenty rules, and Vault evaluates all rules at each request. */
  readonly noDefaultPolicy?: true;
}

/** The patcher's own role: its present one is bound to `default`, and is not changed until its chart uses this one. */
const patcherRole = "ameide-secrets-keycloak-client-patcher";
const patcherPolicyName = "keycloak-client-patcher";
export const deployerPolicyName = "ameide-secrets-deployer";
export const auditorPolicyName = "ameide-secrets-auditor";
/** Path of the JWT auth method of GitHub's jobs. */
export const githubAuthMount = "github-actions";
/** For one run of `destroy`, which takes the deployer's own policy away. */
export const destroyerPolicyName = "ameide-secrets-destroyer";
/** In the order of {@link operatorPolicies}. */
export const operatorPolicyNames: readonly string[] = [deployerPolicyName, auditorPolicyName];

type Consumers = Pick<EnvironmentStack, "plan" | "bootstrap" | "namespace">;

/** Every policy of one environment. No `*` reaches a secret's data: each names its paths one by one. */
export function vaultPolicies(stack: Consumers): readonly VaultPolicy[] {
  return consumersOf(stack).map(({ role, policy }) => ({ name: role.policy, policy }));
}

export function vaultRoles(stack: Consumers): readonly VaultRole[] {
  return consumersOf(stack).map(({ role }) => role);
}

function consumersOf({ plan, bootstrap, namespace }: Consumers): readonly { role: VaultRole; policy: string }[] {
  const { mount } = bootstrap.config.vault;
  const patcher = { name: patcherRole, namespace, serviceAccount: patcherPolicyName, policy: patcherPolicyName };
  return [
    ...plan.stores.map(({ role: name, policy, serviceAccount, ...store }) => ({
      role: { name, namespace: store.namespace, serviceAccount, policy },
      policy: readerPolicy(mount, store.readablePaths),
    })),
    ...bootstrapWriters(bootstrap.config).map(({ role: name, paths }) => ({
      role: { name, namespace, serviceAccount: bootstrap.name, policy: name, noDefaultPolicy: true as const },
      policy: writerPolicy(mount, paths),
    })),
    ...(plan.patcherPaths.length > 0 ? [{ role: patcher, policy: patcherPolicy(mount, plan.patcherPaths) }] : []),
  ];
}

export interface OperatorPolicyArgs {
  readonly mount: string;
  readonly authMount: string;
  /** Whether this program may take its mounts away again; `local` only. */
  readonly mayUnmount: boolean;
}

/**
 * The policies of the people and pipelines that run this program. They are not resources: who may write the deployer's
 * policy has every right, so the command line writes both with a root token.
 */
export function operatorPolicies(args: OperatorPolicyArgs): readonly [VaultPolicy, VaultPolicy] {
  return [
    { name: deployerPolicyName, policy: deployerPolicy(args) },
    { name: auditorPolicyName, policy: auditorPolicy(args) },
  ];
}

function readerPolicy(mount: string, paths: readonly string[]): string {
  if (paths.length === 0) return "# no secret is declared for this namespace\n";
  return rules(paths.map((path) => [`${mount}/data/${path}`, ["read"]]));
}

/** Reads before it writes (CAS), marks what it wrote, and lists folders. */
function writerPolicy(mount: string, paths: readonly string[]): string {
  const folders = new Set(paths.flatMap(foldersOf));
  return rules([
    ...paths.flatMap((path): Rule[] => [
      [`${mount}/data/${path}`, ["create", "read", "update"]],
      // never created: the data is written first
      [`${mount}/metadata/${path}`, ["read", "update"]],
    ]),
    ...[...folders].map((folder): Rule => [`${mount}/metadata/${folder}`, ["list"]]),
    ["sys/capabilities-self", ["update"]],
    ["auth/token/revoke-self", ["update"]],
  ]);
}

/** Writes the client secrets that Keycloak created, and reads them back to find a write that did not arrive. */
function patcherPolicy(mount: string, paths: readonly string[]): string {
  return rules(
    paths.flatMap((path): Rule[] => [
      [`${mount}/data/${path}`, ["create", "read", "update", "patch"]],
      [`${mount}/metadata/${path}`, ["read"]],
    ]),
  );
}

/**
 * What `up` may do to Vault. It reads no secret, and cannot change the policies of those who run the program: the
 * denials hold against whatever other policy a token has. But who writes the policy and the role of a ServiceAccount
 * can give that account any right, so the token is short, and revoked when `up` ends (SECURITY.md).
 */
export function deployerPolicy({ mount, authMount, mayUnmount }: OperatorPolicyArgs): string {
  const own = mayUnmount ? ["delete"] : [];
  return rules([
    ["sys/mounts", ["read"]],
    [`sys/mounts/${mount}`, ["create", "read", "update", ...own]],
    [`sys/mounts/${mount}/tune`, ["read", "update"]],
    [`${mount}/config`, ["create", "read", "update"]],
    ["sys/auth", ["read"]],
    // GitHub's login also where none is set: the update that removes it needs these rights
    ...Object.entries({ [authMount]: own, [githubAuthMount]: ["delete"] }).flatMap(([login, remove]): Rule[] => [
      // enabling and disabling an auth method asks for sudo
      [`sys/auth/${login}`, ["create", "read", "update", "sudo", ...remove]],
      [`sys/auth/${login}/tune`, ["read", "update", "sudo"]],
      [`sys/mounts/auth/${login}`, ["read"]],
      [`sys/mounts/auth/${login}/tune`, ["read", "update"]],
      [`auth/${login}/config`, ["create", "read", "update"]],
      [`auth/${login}/role/ameide-secrets-*`, ["create", "read", "update", "delete"]],
    ]),
    ...["ameide-secrets-reader-*", `${bootstrapRole}*`, patcherPolicyName].map((name): Rule => [
      `sys/policies/acl/${name}`,
      ["create", "read", "update", "delete"],
    ]),
    ...[...operatorPolicyNames, destroyerPolicyName].map((name): Rule => [`sys/policies/acl/${name}`, ["deny"]]),
    ["sys/policy/*", ["deny"]], // the old name of the same
  ]);
}

/** Sees which secrets exist, in which version and by whom; no value. For `doctor`, `lineage`, `drift` and previews in CI. */
function auditorPolicy({ mount, authMount }: Pick<OperatorPolicyArgs, "mount" | "authMount">): string {
  return rules([
    [`${mount}/metadata/*`, ["read", "list"]],
    [`${mount}/config`, ["read"]],
    ["sys/mounts", ["read"]],
    // the mounts one by one, as a preview reads them that takes one over
    [`sys/mounts/${mount}`, ["read"]],
    [`sys/mounts/${mount}/tune`, ["read"]],
    ["sys/auth", ["read"]],
    ...[authMount, githubAuthMount].flatMap((login): Rule[] => [
      // Vault asks for sudo at every path under sys/auth, to read as well; it adds no capability
      [`sys/auth/${login}`, ["read", "sudo"]],
      [`sys/auth/${login}/tune`, ["read", "sudo"]],
      [`sys/mounts/auth/${login}`, ["read"]],
      [`sys/mounts/auth/${login}/tune`, ["read"]],
      [`auth/${login}/config`, ["read"]],
      [`auth/${login}/role`, ["list"]],
      [`auth/${login}/role/*`, ["read"]],
    ]),
    ["sys/policies/acl", ["list"]],
    ["sys/policies/acl/*", ["read"]],
  ]);
}

type Rule = readonly [path: string, capabilities: readonly string[]];

function rules(entries: readonly Rule[]): string {
  return entries
    .map(
      ([path, capabilities]) => `path ${JSON.stringify(path)} {\n  capabilities = ${JSON.stringify(capabilities)}\n}\n`,
    )
    .join("");
}

/** `gitlab/tokens/x` -> ``, `gitlab/`, `gitlab/tokens/`. */
function foldersOf(path: string): string[] {
  return ["", ...[...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index + 1))];
}

/** What jobs of GitHub Actions may log in as: the role and its policy have one name. */
export interface GithubRole {
  readonly name: string;
  /** Claims of the job's token, each with the one value that is accepted. */
  readonly boundClaims: Readonly<Record<string, string>>;
}

/**
 * A role that deploys and one that only reads, each for jobs of one GitHub environment. The reading one is bound to no
 * ref, since a pull request has a ref of its own.
 * @see https://docs.github.com/en/actions/reference/security/oidc
 */
export function githubRoles({ name, vault: { githubLogin } }: Pick<EnvironmentStack, "name" | "vault">): GithubRole[] {
  if (githubLogin === undefined) return [];
  const { repository, repositoryId, ref } = githubLogin;
  const claims = { repository, ...(repositoryId !== undefined && { repository_id: repositoryId }) };
  return [
    { name: deployerPolicyName, boundClaims: { ...claims, environment: name, ref } },
    { name: auditorPolicyName, boundClaims: { ...claims, environment: `${name}-plan` } },
  ];
}

/** Audience of the tokens for an environment's Vault: what one Vault was sent, no other accepts. */
export function githubAudience(name: string): string {
  return `ameide-secrets-vault-${name}`;
}
