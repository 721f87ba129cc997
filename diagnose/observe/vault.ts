import type { V1ClusterRoleBindingList } from "@kubernetes/client-node";
import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import type {
  Failure,
  Fingerprint,
  Observed,
  VaultAuthConfig,
  VaultRoleState,
  VaultSecretState,
  VaultServerState,
} from "../snapshot.ts";
import { mapBounded } from "../../clients/pacing.ts";
import { vaultRoles } from "../../domain/resources/vault-policies.ts";
import type { KubernetesReader, VaultReader } from "./access.ts";
import type { Json } from "./kubernetes-list.ts";
import { allOf, defined, ifFound, notAsked, observed, statusOf } from "./observed.ts";

const readsAtOnce = 16;

/** All that the auditor's policy shows of Vault; values only with a `fingerprint` and a token that may read data. */
export async function observeVault(
  vault: VaultReader,
  kubernetes: KubernetesReader,
  stack: EnvironmentStack,
  paths: readonly string[],
  fingerprint?: (value: string) => Fingerprint,
): Promise<VaultServerState> {
  const tokenReviewers = observeTokenReviewers(kubernetes);
  const health = await observed(`reach Vault at ${vault.address}`, () => readHealth(vault));
  const shut = await withoutToken(vault, health);
  const ask = <T>(asked: string, read: () => Promise<T>) => shut ?? observed(asked, read);
  const { authMount, mount } = stack.vault;
  let unreadData: Failure | undefined;
  const refuse = (message: string): void => {
    unreadData = { kind: "forbidden", asked: `read ${mount}/data/*`, message };
  };
  const seen = await allOf({
    authConfig: ask(`read auth/${authMount}/config`, () => readAuthConfig(vault, authMount)),
    roles: ask(`list and read auth/${authMount}/role/*`, () => readRoles(vault, authMount, stack)),
    policies: ask("list and read sys/policies/acl/*", () => readPolicies(vault, stack)),
    secrets: ask(`read ${mount}/metadata/*`, () => readSecrets(vault, mount, paths, refuse, fingerprint)),
    tokenReviewers,
  });
  return { health, ...seen, ...defined({ unreadData }) };
}

async function withoutToken(
  vault: VaultReader,
  health: VaultServerState["health"],
): Promise<Observed<never> | undefined> {
  if (!health.ok) return health;
  if (health.value.state === "sealed" || health.value.state === "uninitialised") {
    return notAsked("read Vault", `Vault is ${health.value.state}`);
  }
  if (!vault.hasToken)
    return notAsked("read Vault", "no token: set VAULT_TOKEN to one with the policy ameide-secrets-auditor");
  // an invalid token gets 403 everywhere: reported once, instead of as a missing right for each part
  const self = await observed("look up the token", () => vault.get("auth/token/lookup-self"));
  const isRefused = !self.ok && (self.failure.kind === "forbidden" || self.failure.kind === "unauthorized");
  return isRefused ? self : undefined;
}

async function readHealth(vault: VaultReader): Promise<Extract<VaultServerState["health"], { ok: true }>["value"]> {
  const { initialized, sealed, standby, version } = await vault.get<
    Readonly<Record<"initialized" | "sealed" | "standby", boolean>> & { readonly version: string }
  >("sys/health?standbyok=true");
  return { state: !initialized ? "uninitialised" : sealed ? "sealed" : standby ? "standby" : "active", version };
}

async function dataOf<T>(vault: VaultReader, path: string): Promise<T> {
  return (await vault.get<{ readonly data: T }>(path)).data;
}

async function readAuthConfig(vault: VaultReader, authMount: string): Promise<VaultAuthConfig> {
  const {
    kubernetes_host: kubernetesHost,
    kubernetes_ca_cert: ca = "",
    disable_local_ca_jwt: disableLocalCaJwt = false,
    disable_iss_validation: disableIssValidation = false,
    token_reviewer_jwt_set: tokenReviewerJwtSet = false,
  } = await dataOf<{
    kubernetes_host: string;
    kubernetes_ca_cert?: string;
    disable_local_ca_jwt?: boolean;
    disable_iss_validation?: boolean;
    token_reviewer_jwt_set?: boolean;
  }>(vault, `auth/${authMount}/config`);
  return { kubernetesHost, disableLocalCaJwt, disableIssValidation, tokenReviewerJwtSet, hasCa: ca !== "" };
}

async function readRoles(
  vault: VaultReader,
  authMount: string,
  stack: EnvironmentStack,
): Promise<readonly VaultRoleState[]> {
  const path = `auth/${authMount}/role`;
  const listed = await ifFound(dataOf<{ keys: readonly string[] }>(vault, `${path}?list=true`));
  const known = new Set(listed?.keys);
  const wanted = [...new Set(vaultRoles(stack).map(({ name }) => name))].filter((name) => known.has(name));
  return mapBounded(wanted, readsAtOnce, async (name) => {
    const role = await dataOf<{
      bound_service_account_names: readonly string[];
      bound_service_account_namespaces: readonly string[];
      audience?: string;
    }>(vault, `${path}/${name}`);
    const { bound_service_account_names: serviceAccounts, bound_service_account_namespaces: namespaces } = role;
    return { name, serviceAccounts, namespaces, audience: role.audience ?? "" };
  });
}

async function readPolicies(
  vault: VaultReader,
  stack: EnvironmentStack,
): Promise<readonly { readonly name: string; readonly text?: string }[]> {
  const { keys } = await dataOf<{ keys: readonly string[] }>(vault, "sys/policies/acl?list=true");
  const ours = new Set(vaultRoles(stack).map(({ policy }) => policy));
  return mapBounded(keys, readsAtOnce, async (name) => {
    if (!ours.has(name)) return { name };
    return { name, text: (await dataOf<{ policy: string }>(vault, `sys/policies/acl/${name}`)).policy };
  });
}

async function readSecrets(
  vault: VaultReader,
  mount: string,
  paths: readonly string[],
  refuse: (message: string) => void,
  fingerprint: ((value: string) => Fingerprint) | undefined,
): Promise<readonly VaultSecretState[]> {
  let mayReadData = fingerprint !== undefined;
  return mapBounded(paths, readsAtOnce, async (path) => {
    const state = await readMetadata(vault, mount, path);
    if (state.state !== "live" || fingerprint === undefined || !mayReadData) return state;
    try {
      const { value } = (await dataOf<{ data: { value?: unknown } }>(vault, `${mount}/data/${encoded(path)}`)).data;
      return typeof value === "string"
        ? { ...state, hasValueField: true, fingerprint: fingerprint(value) }
        : { ...state, hasValueField: false };
    } catch (error) {
      if (statusOf(error) !== 403) throw error;
      mayReadData = false; // the auditor's policy reads no data: not asked again for each of the others
      refuse(error instanceof Error ? error.message : String(error));
      return state;
    }
  });
}

interface SecretMetadata {
  readonly current_version: number;
  readonly custom_metadata: Readonly<Record<string, string>> | null;
  readonly versions: Readonly<
    Record<string, { created_time: string; deletion_time: string; destroyed: boolean } | undefined>
  >;
}

async function readMetadata(vault: VaultReader, mount: string, path: string): Promise<VaultSecretState> {
  const found = await ifFound(dataOf<SecretMetadata>(vault, `${mount}/metadata/${encoded(path)}`));
  const { current_version: version = 0, custom_metadata, versions = {} } = found ?? {};
  const customMetadata = custom_metadata ?? {};
  const current = versions[String(version)];
  if (current === undefined) return { path, state: "absent", version: 0, customMetadata };
  const gone = current.destroyed || (current.deletion_time !== "" && Date.parse(current.deletion_time) <= Date.now());
  return { path, state: gone ? "deleted" : "live", version, writtenAt: current.created_time, customMetadata };
}

/** Who may review tokens, by any binding: the platform may have had one before this program came. */
function observeTokenReviewers(kubernetes: KubernetesReader): Promise<Observed<readonly string[]>> {
  return observed("list the ClusterRoleBindings", async () => {
    const path = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
    const { items } = await kubernetes.get<Json<V1ClusterRoleBindingList>>(path);
    return items
      .filter(({ roleRef }) => roleRef.name === "system:auth-delegator" || roleRef.name === "cluster-admin")
      .flatMap(({ subjects = [] }) => subjects)
      .filter(({ kind }) => kind === "ServiceAccount")
      .map(({ namespace = "", name }) => `${namespace}/${name}`);
  });
}

function encoded(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
