import { isDeepStrictEqual } from "node:util";
import type { VaultReader } from "../../../diagnose/observe/access.ts";
import { ifFound } from "../../../diagnose/observe/observed.ts";
import { adoptionLine } from "../../../domain/resources/adoption.ts";
import type { EnvironmentStack } from "../../../domain/plan/environment.ts";
import { githubRoleInputs, kubernetesAuthFields } from "../../../domain/resources/vault-inputs.ts";
import { errorFinding, type Finding } from "../../../domain/finding.ts";
import { githubAuthMount, vaultPolicies, githubRoles, vaultRoles } from "../../../domain/resources/vault-policies.ts";
import type { Change } from "../engine/change.ts";
import { checkOf, type OwnershipCheck } from "./checks.ts";

type Fields = Readonly<Record<string, unknown>>;
type MountList = "sys/mounts" | "sys/auth";

/**
 * What already exists in Vault where a plan would create. Vault refuses a second mount at one path. It overwrites
 * configurations, policies and roles silently, so these may exist only with what this stack would write.
 */
export function vaultChecks(
  changes: readonly Change[],
  stack: EnvironmentStack,
  vault: VaultReader,
): readonly OwnershipCheck[] {
  const live = new LiveVault(vault);
  return changes
    .filter(({ operation, type }) => operation === "create" && type.startsWith("vault:"))
    .map((change) => checkOf(change, "Vault", () => foreignObject(change, stack, live)));
}

async function foreignObject(
  { type, name: resource, object = "" }: Change,
  stack: EnvironmentStack,
  live: LiveVault,
): Promise<Finding | undefined> {
  const { mount, authMount } = stack.vault;
  const line = (id: string) => adoptionLine(stack.name, resource, id);
  switch (type.slice(type.indexOf(":") + 1)) {
    case "index/mount:Mount":
      return foreignMount("sys/mounts", mount, "a KV mount of version 2");
    case "index/authBackend:AuthBackend":
      return foreignMount("sys/auth", authMount, "the auth method kubernetes");
    case "jwt/authBackend:AuthBackend":
      return foreignMount("sys/auth", githubAuthMount, "the auth method jwt");
    case "kv/secretBackendV2:SecretBackendV2": {
      const wanted = { max_versions: stack.strictness.maxVersions, cas_required: false };
      return foreignConfiguration("sys/mounts", mount, `${mount}/config`, wanted);
    }
    case "kubernetes/authBackendConfig:AuthBackendConfig": {
      const wanted = { ...kubernetesAuthFields(stack), token_reviewer_jwt_set: false };
      const overwrite = `, or overwrite it: ameide-secrets reconfigure-auth --stack ${stack.name}`;
      return foreignConfiguration("sys/auth", authMount, `auth/${authMount}/config`, wanted, overwrite);
    }
    case "kubernetes/authBackendRole:AuthBackendRole":
      return foreignRole(authMount, kubernetesRole(stack, object));
    case "jwt/authBackendRole:AuthBackendRole":
      return foreignRole(githubAuthMount, githubRole(stack, object));
    case "index/policy:Policy":
      return foreignPolicy();
    default:
      return undefined;
  }

  async function foreignMount(list: MountList, path: string, kind: string): Promise<Finding | undefined> {
    const found = await live.mount(list, path);
    if (found === undefined) return undefined;
    const isAuth = list === "sys/auth";
    const { type: liveType, description, options } = found;
    const title = description === "" ? String(liveType) : `${String(liveType)}, "${String(description)}"`;
    const problem = `the ${isAuth ? "auth method" : "mount"} "${path}" (${title}) already exists in Vault, and this stack did not create it`;
    const isSameKind = isAuth
      ? kind.endsWith(` ${String(liveType)}`)
      : liveType === "kv" && (options as { version?: unknown } | null)?.version === "2";
    if (isSameKind) return adoptable("vault-mount-exists", path, problem, line(path), path);
    const move = `move it aside: vault ${isAuth ? "auth" : "secrets"} move ${path} <another path>, together with everyone who uses it`;
    return errorFinding("vault-mount-exists", "vault", path, `${problem}; it is not ${kind}`, move);
  }

  async function foreignConfiguration(
    list: MountList,
    mountPath: string,
    path: string,
    wanted: Fields,
    otherFix = "",
  ): Promise<Finding | undefined> {
    const differs = await live.difference(list, mountPath, path, wanted);
    if (differs === "") return undefined;
    const problem = `${path} is already set, but not by this stack: ${differs}`;
    return adoptable("vault-config-differs", path, problem, `${line(path)}${otherFix}`, path);
  }

  async function foreignRole(login: string, wanted: Fields | undefined): Promise<Finding | undefined> {
    const path = `auth/${login}/role/${object}`;
    const differs = wanted === undefined ? "" : await live.difference("sys/auth", login, path, wanted);
    if (differs === "") return undefined;
    const problem = `the role "${object}" already exists in Vault, but not from this stack: ${differs}`;
    return adoptable("vault-role-exists", object, problem, line(path), path);
  }

  async function foreignPolicy(): Promise<Finding | undefined> {
    const wanted = vaultPolicies(stack).find(({ name }) => name === object);
    const found = await live.read(`sys/policies/acl/${object}`);
    if (found === undefined || wanted === undefined || String(found["policy"]).trim() === wanted.policy.trim())
      return undefined;
    return adoptable(
      "vault-policy-exists",
      object,
      `the policy "${object}" already exists in Vault with other rules; tokens that use it would lose rights`,
      `compare both (vault policy read ${object}; ameide-secrets preview --stack ${stack.name}), then delete it, or ${line(object)}`,
      object,
    );
  }

  function adoptable(code: string, subject: string, problem: string, fix: string, id: string): Finding {
    return { ...errorFinding(code, "vault", subject, problem, fix), adopt: { [resource]: id } };
  }
}

function kubernetesRole(stack: EnvironmentStack, name: string): Fields | undefined {
  const role = vaultRoles(stack).find((one) => one.name === name);
  return (
    role && {
      bound_service_account_names: [role.serviceAccount],
      bound_service_account_namespaces: [role.namespace],
      token_policies: [role.policy],
    }
  );
}

function githubRole(stack: EnvironmentStack, name: string): Fields | undefined {
  const role = githubRoles(stack).find((one) => one.name === name);
  if (role === undefined) return undefined;
  const { boundAudiences, boundClaims, boundClaimsType, tokenPolicies } = githubRoleInputs(stack, role);
  return {
    bound_audiences: boundAudiences,
    bound_claims: boundClaims,
    bound_claims_type: boundClaimsType,
    token_policies: tokenPolicies,
  };
}

/** One Vault; each list of mounts is read once. */
class LiveVault {
  readonly #vault: VaultReader;
  readonly #lists = new Map<MountList, Promise<Fields | undefined>>();

  constructor(vault: VaultReader) {
    this.#vault = vault;
  }

  async mount(list: MountList, path: string): Promise<Fields | undefined> {
    const mounts = this.#lists.get(list) ?? this.read(list);
    this.#lists.set(list, mounts);
    return (await mounts)?.[`${path}/`] as Fields | undefined;
  }

  async read(path: string): Promise<Fields | undefined> {
    return (await ifFound(this.#vault.get<{ data?: Fields }>(path)))?.data;
  }

  /** How a path differs from what this stack would write; `""` if nothing exists there. Without the mount, a read is an error. */
  async difference(list: MountList, mount: string, path: string, wanted: Fields): Promise<string> {
    const found = (await this.mount(list, mount)) && (await this.read(path));
    return found === undefined ? "" : difference(found, wanted);
  }
}

/** A field that the server does not return is off or empty: older versions lack `token_reviewer_jwt_set`. */
function difference(there: Fields, wanted: Fields): string {
  const unset: Readonly<Record<string, unknown>> = { boolean: false, string: "" };
  return Object.entries(wanted)
    .map(([key, value]) => ({ key, value, found: there[key] ?? unset[typeof value] }))
    .filter(({ value, found }) => !isDeepStrictEqual(found, value))
    .map(({ key, value, found }) => `${key} is ${shown(found)}, not ${shown(value)}`)
    .join("; ");
}

/** A certificate would push all else off the screen. */
function shown(value: unknown): string {
  if (value === undefined || value === "") return "not set";
  return typeof value === "string" && value.includes("\n") ? "set" : JSON.stringify(value);
}
