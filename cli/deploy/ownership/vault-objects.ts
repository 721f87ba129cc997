import { isDeepStrictEqual } from "node:util";
import type { VaultReader } from "../../../diagnose/observe/access.ts";
import { adoptionLine } from "../../../domain/resources/adoption.ts";
import type { EnvironmentStack } from "../../../domain/plan/environment.ts";
import { githubRoleInputs, kubernetesAuthFields } from "../../../domain/resources/vault-inputs.ts";
import type { Finding } from "../../../domain/finding.ts";
import { githubAuthMount, vaultPolicies, githubRoles, vaultRoles } from "../../../domain/resources/vault-policies.ts";
import type { Change } from "../engine/run-log.ts";
import { find, look } from "./look.ts";

type Fields = Readonly<Record<string, unknown>>;

/**
 * What already exists in Vault where a plan would create. Vault refuses a second mount at one path; configurations,
 * policies and roles it overwrites without a word, so those pass only where they say what this stack would write.
 *
 * @param changes - of a preview; all but creations in Vault are passed over.
 */
export async function foreignInVault(
  changes: readonly Change[],
  stack: EnvironmentStack,
  vault: VaultReader,
): Promise<readonly Finding[]> {
  const vaultLook = new VaultLook(stack, vault);
  const created = changes.filter(({ operation, type }) => operation === "create" && type.startsWith("vault:"));
  const found = await Promise.all(
    created.map((change) => {
      const { stage, object: at = change.name } = change;
      return look({ stage, at, of: "Vault", run: () => vaultLook.at(change) });
    }),
  );
  return found.filter((finding) => finding !== undefined);
}

class VaultLook {
  readonly #stack: EnvironmentStack;
  readonly #vault: VaultReader;
  readonly #mounts = new Map<string, Promise<Fields | undefined>>();

  constructor(stack: EnvironmentStack, vault: VaultReader) {
    this.#stack = stack;
    this.#vault = vault;
  }

  at({ type, name, object = "" }: Change): Promise<Finding | undefined> {
    const { mount, authMount } = this.#stack.vault;
    const isGithub = type.startsWith("vault:jwt/");
    switch (type.split(":").at(-1)) {
      case "Mount":
        return this.#mount(name, "sys/mounts", mount, isKeyValue2, "a KV mount of version 2");
      case "AuthBackend":
        return isGithub
          ? this.#mount(name, "sys/auth", githubAuthMount, ({ type: kind }) => kind === "jwt", "the auth method jwt")
          : this.#mount(name, "sys/auth", authMount, isKubernetes, "the auth method kubernetes");
      case "SecretBackendV2":
        return this.#configuration(name, `${mount}/config`, this.#mountAt("sys/mounts", mount), this.#engineWanted());
      case "AuthBackendConfig": {
        const path = `auth/${authMount}/config`;
        return this.#configuration(name, path, this.#mountAt("sys/auth", authMount), this.#authWanted());
      }
      case "AuthBackendRole":
        return isGithub ? this.#githubRole(name, object) : this.#kubernetesRole(name, object);
      case "Policy":
        return this.#policy(name, object);
      default:
        return Promise.resolve(undefined);
    }
  }

  async #mount(
    resource: string,
    list: "sys/mounts" | "sys/auth",
    path: string,
    isOurKind: (mount: Fields) => boolean,
    kind: string,
  ): Promise<Finding | undefined> {
    const there = await this.#mountAt(list, path);
    if (there === undefined) return undefined;
    const { type, description } = there;
    const words = `${list === "sys/auth" ? "the auth method" : "the mount"} "${path}" (${String(type)}${description === "" ? "" : `, "${String(description)}"`}) already exists in Vault, and this stack did not create it`;
    return isOurKind(there)
      ? this.#finding("vault-mount-exists", path, words, adoptionLine(this.#stack.name, resource, path), {
          [resource]: path,
        })
      : this.#finding(
          "vault-mount-exists",
          path,
          `${words}; it is not ${kind}`,
          `move it aside: vault ${list === "sys/auth" ? "auth" : "secrets"} move ${path} <another path>, together with everyone who uses it`,
        );
  }

  async #configuration(
    resource: string,
    path: string,
    mount: Promise<Fields | undefined>,
    wanted: Fields,
  ): Promise<Finding | undefined> {
    // a mount that is not there yet has no configuration, and asking for it is an error
    const there = (await mount) === undefined ? undefined : await this.#data(path);
    if (there === undefined) return undefined;
    const both = difference(there, wanted);
    if (both === "") return undefined;
    const reconfigure = path.startsWith("auth/")
      ? `, or overwrite it: ameide-secrets reconfigure-auth --stack ${this.#stack.name}`
      : "";
    return this.#finding(
      "vault-config-differs",
      path,
      `${path} is already set, but not by this stack: ${both}`,
      `${adoptionLine(this.#stack.name, resource, path)}${reconfigure}`,
      { [resource]: path },
    );
  }

  #kubernetesRole(resource: string, name: string): Promise<Finding | undefined> {
    const role = vaultRoles(this.#stack).find((one) => one.name === name);
    return this.#role(
      resource,
      this.#stack.vault.authMount,
      name,
      role && {
        bound_service_account_names: [role.serviceAccount],
        bound_service_account_namespaces: [role.namespace],
        token_policies: [role.policy],
      },
    );
  }

  #githubRole(resource: string, name: string): Promise<Finding | undefined> {
    const role = githubRoles(this.#stack).find((one) => one.name === name);
    if (role === undefined) return Promise.resolve(undefined);
    const { boundAudiences, boundClaims, boundClaimsType, tokenPolicies } = githubRoleInputs(this.#stack, role);
    return this.#role(resource, githubAuthMount, name, {
      bound_audiences: boundAudiences,
      bound_claims: boundClaims,
      bound_claims_type: boundClaimsType,
      token_policies: tokenPolicies,
    });
  }

  async #role(resource: string, login: string, name: string, wanted?: Fields): Promise<Finding | undefined> {
    const path = `auth/${login}/role/${name}`;
    const mount = await this.#mountAt("sys/auth", login);
    const there = mount === undefined ? undefined : await this.#data(path);
    if (there === undefined || wanted === undefined) return undefined;
    const both = difference(there, wanted);
    if (both === "") return undefined;
    return this.#finding(
      "vault-role-exists",
      name,
      `the role "${name}" already exists in Vault, but not from this stack: ${both}`,
      adoptionLine(this.#stack.name, resource, path),
      { [resource]: path },
    );
  }

  async #policy(resource: string, name: string): Promise<Finding | undefined> {
    const there = await this.#data(`sys/policies/acl/${name}`);
    const wanted = vaultPolicies(this.#stack).find((one) => one.name === name)?.policy;
    if (there === undefined || wanted === undefined || String(there["policy"]).trim() === wanted.trim())
      return undefined;
    return this.#finding(
      "vault-policy-exists",
      name,
      `the policy "${name}" already exists in Vault with other rules; tokens that use it would lose rights`,
      `compare both (vault policy read ${name}; ameide-secrets preview --stack ${this.#stack.name}), then delete it, or ${adoptionLine(this.#stack.name, resource, name)}`,
      { [resource]: name },
    );
  }

  #engineWanted(): Fields {
    return { max_versions: this.#stack.strictness.maxVersions, cas_required: false };
  }

  #authWanted(): Fields {
    return { ...kubernetesAuthFields(this.#stack), token_reviewer_jwt_set: false };
  }

  async #mountAt(list: "sys/mounts" | "sys/auth", path: string): Promise<Fields | undefined> {
    const known = this.#mounts.get(list) ?? this.#data(list);
    this.#mounts.set(list, known);
    return (await known)?.[`${path}/`] as Fields | undefined;
  }

  async #data(path: string): Promise<Fields | undefined> {
    return (await find(() => this.#vault.get<{ data?: Fields }>(path)))?.data;
  }

  #finding(code: string, subject: string, problem: string, fix: string, adopt?: Finding["adopt"]): Finding {
    return { code, stage: "vault", severity: "error", subject, problem, fix, ...(adopt && { adopt }) };
  }
}

function isKeyValue2({ type, options }: Fields): boolean {
  return type === "kv" && (options as { version?: unknown } | null)?.version === "2";
}

function isKubernetes({ type }: Fields): boolean {
  return type === "kubernetes";
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
