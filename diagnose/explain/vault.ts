import { kubernetesAuthConfig } from "../../domain/resources/vault-inputs.ts";
import { vaultRoles, type VaultRole } from "../../domain/resources/vault-policies.ts";
import type { VaultAuthConfig, VaultRoleState, VaultServerState } from "../snapshot.ts";
import { isUnseen, secretsOfNamespace, type Expectation, type Rule, type Sighting, type View } from "./view.ts";

/** The server's state, its Kubernetes auth, who reviews tokens, roles and policies. */
export const explainVault: Rule = (view) => [
  ...ofHealth(view),
  ...ofPods(view),
  ...ofRootToken(view),
  ...ofAuthConfig(view),
  ...ofTokenReview(view),
  ...ofRoles(view),
  ...ofPolicies(view),
  ...ofUnreadable(view),
];

function ofHealth({ snapshot, expected }: View): readonly Sighting[] {
  const { health } = snapshot.vault;
  const { credentialsSecret } = snapshot.bootstrap;
  const where = `Vault of ${expected.namespace}`;
  if (!health.ok) {
    const { kind, message } = health.failure;
    if (kind === "not-asked") return [];
    // Vault answers everybody about its health: what is forbidden is the way to it
    if (kind === "unauthorized") return [{ code: "cluster-login-refused", where, seen: message, secrets: [] }];
    if (kind === "throttled") return [{ code: "vault-throttled", where, seen: message, secrets: [] }];
    if (kind === "forbidden") return [{ code: "vault-port-forward-forbidden", where, seen: message, secrets: [] }];
    return [{ code: "vault-unreachable", where, seen: message }];
  }
  const { state } = health.value;
  const secret = `${expected.namespace}/${expected.bootstrap.config.vault.credentialsSecret}`;
  if (state === "uninitialised") {
    return credentialsSecret.ok && credentialsSecret.value.exists
      ? [{ code: "vault-lost", where, seen: `uninitialised, while the Secret ${secret} exists` }]
      : [{ code: "vault-uninitialised", where, seen: "uninitialised (health answers 501)" }];
  }
  if (state !== "sealed") return [];
  const keyGone =
    credentialsSecret.ok && !credentialsSecret.value.exists && expected.strictness.unseal === "from-secret";
  return keyGone
    ? [{ code: "vault-orphaned", where, seen: `sealed, and the Secret ${secret} does not exist` }]
    : [{ code: "vault-sealed", where, seen: ["sealed (health answers 503)", ...podStates(snapshot.vault)].join(": ") }];
}

/** Such as `vault-0 active, vault-1 sealed`; nothing where pods are not known. */
function podStates({ pods }: VaultServerState): readonly string[] {
  return pods?.ok === true ? [pods.value.map(({ name, state }) => `${name} ${state}`).join(", ")] : [];
}

/** Pods that do not do their part. Where all of them are sealed or away, Vault's own health shows it. */
function ofPods({ snapshot: { vault }, expected }: View): readonly Sighting[] {
  const pods = vault.pods?.ok === true ? vault.pods.value : [];
  const { namespace, name } = expected.vault.statefulSet;
  const [seen = ""] = podStates(vault);
  if (!pods.some(({ state }) => state === "active")) {
    const isWaiting = pods.some(({ state }) => state === "standby");
    return isWaiting ? [{ code: "vault-no-active-pod", where: `Vault ${namespace}/${name}`, seen }] : [];
  }
  return pods
    .filter(({ state }) => state !== "active" && state !== "standby")
    .map((pod) => ({
      code: pod.state === "sealed" ? "vault-pod-sealed" : "vault-pod-not-serving",
      where: `Vault pod ${namespace}/${pod.name}`,
      seen: `${pod.why ?? pod.state}; of all: ${seen}`,
      secrets: [],
    }));
}

/** A root token never expires: outside `dev` and `local` only the unseal key is stored, which generates one when needed. */
function ofRootToken({ snapshot, expected }: View): readonly Sighting[] {
  const { credentialsSecret } = snapshot.bootstrap;
  if (expected.strictness.rootToken !== "revoked") return [];
  if (!credentialsSecret.ok || !credentialsSecret.value.hasRootToken) return [];
  const where = `Secret ${expected.namespace}/${expected.bootstrap.config.vault.credentialsSecret}`;
  return [{ code: "vault-root-token-stored", where, seen: "it has a root-token, wanted none", secrets: [] }];
}

function ofAuthConfig({ snapshot, expected }: View): readonly Sighting[] {
  const { authConfig } = snapshot.vault;
  const where = `Vault auth/${expected.vault.authMount}/config`;
  if (!authConfig.ok) {
    return authConfig.failure.kind === "not-found"
      ? [{ code: "vault-auth-missing", where, seen: authConfig.failure.message }]
      : [];
  }
  if (authConfig.value.tokenReviewerJwtSet) {
    return [{ code: "vault-reviewer-pinned", where, seen: "token_reviewer_jwt_set is true, wanted false" }];
  }
  const differences = authDifferences(authConfig.value, expected);
  return differences.length === 0 ? [] : [{ code: "vault-auth-config-wrong", where, seen: differences.join("; ") }];
}

function authDifferences(found: VaultAuthConfig, expected: Expectation): readonly string[] {
  const { kubernetesHost, disableLocalCaJwt, disableIssValidation } = kubernetesAuthConfig(expected);
  const wanted: Partial<VaultAuthConfig> = {
    kubernetesHost,
    disableLocalCaJwt,
    disableIssValidation,
    ...(disableLocalCaJwt ? { hasCa: true } : {}),
  };
  const names: Partial<Record<keyof VaultAuthConfig, string>> = {
    kubernetesHost: "kubernetes_host",
    disableLocalCaJwt: "disable_local_ca_jwt",
    disableIssValidation: "disable_iss_validation",
    hasCa: "kubernetes_ca_cert set",
  };
  return Object.entries(wanted)
    .filter(([key, value]) => found[key as keyof VaultAuthConfig] !== value)
    .map(([key, value]) => {
      const name = names[key as keyof VaultAuthConfig] ?? key;
      return `${name} is ${String(found[key as keyof VaultAuthConfig])}, wanted ${String(value)}`;
    });
}

/** In a cluster Vault's own account reviews; outside a pod each consumer reviews its own token. */
function ofTokenReview({ snapshot, expected }: View): readonly Sighting[] {
  const { tokenReviewers } = snapshot.vault;
  if (!tokenReviewers.ok) return [];
  const may = new Set(tokenReviewers.value);
  const where = "ClusterRoleBindings to system:auth-delegator";
  if (expected.strictness.vaultAuth === "in-cluster") {
    const { namespace, name } = expected.vault.serviceAccount;
    const account = `${namespace}/${name}`;
    return may.has(account)
      ? []
      : [{ code: "token-review-forbidden", where, seen: `none names the ServiceAccount ${account}` }];
  }
  return vaultRoles(expected)
    .filter(({ namespace, serviceAccount }) => !may.has(`${namespace}/${serviceAccount}`))
    .filter((role) => role.serviceAccount !== "keycloak-client-patcher")
    .map((role) => ({
      code: "token-review-forbidden",
      where,
      seen: `none names the ServiceAccount ${role.namespace}/${role.serviceAccount}`,
      ...secretsBehind(expected, role),
    }));
}

function ofRoles({ snapshot, expected }: View): readonly Sighting[] {
  const { roles } = snapshot.vault;
  if (!roles.ok) return [];
  const known = new Map(roles.value.map((role) => [role.name, role]));
  return vaultRoles(expected).flatMap((role): readonly Sighting[] => {
    const where = `Vault role ${role.name}`;
    const behind = { ...secretsBehind(expected, role), name: role.name, namespace: role.namespace };
    const found = known.get(role.name);
    if (found === undefined) {
      return [
        {
          code: "vault-role-missing",
          where,
          seen: `there is none; ${role.namespace}/${role.serviceAccount} logs in with it`,
          ...behind,
        },
      ];
    }
    return [...ofAudience(snapshot, role, found, where, behind), ...ofBinding(role, found, where, behind)];
  });
}

function ofAudience(
  snapshot: View["snapshot"],
  role: VaultRole,
  { audience }: VaultRoleState,
  where: string,
  behind: Partial<Sighting>,
): readonly Sighting[] {
  if (audience === "") return [];
  const store = snapshot.stores.ok
    ? snapshot.stores.value.find((one) => one.namespace === role.namespace && one.role === role.name)
    : undefined;
  if (store?.audiences.includes(audience) === true) return [];
  const asked = store === undefined || store.audiences.length === 0 ? "none" : store.audiences.join(", ");
  return [
    { code: "vault-role-audience", where, seen: `audience is ${audience}, the store asks for ${asked}`, ...behind },
  ];
}

function ofBinding(
  { serviceAccount, namespace }: VaultRole,
  { serviceAccounts, namespaces }: VaultRoleState,
  where: string,
  behind: Partial<Sighting>,
): readonly Sighting[] {
  const bound = (names: readonly string[], name: string): boolean => names.includes(name) || names.includes("*");
  if (bound(serviceAccounts, serviceAccount) && bound(namespaces, namespace)) return [];
  const found = `bound to ${serviceAccounts.join(", ")} in ${namespaces.join(", ")}`;
  return [{ code: "vault-role-binding", where, seen: `${found}, wanted ${serviceAccount} in ${namespace}`, ...behind }];
}

function ofPolicies({ snapshot, expected }: View): readonly Sighting[] {
  const { policies } = snapshot.vault;
  if (!policies.ok) return [];
  const texts = new Map(policies.value.map(({ name, text }) => [name, text]));
  return expected.plan.stores.flatMap(({ policy, readablePaths, namespace }): readonly Sighting[] => {
    const where = `Vault policy ${policy}`;
    const secrets = secretsOfNamespace(expected, namespace);
    if (!texts.has(policy)) return [{ code: "vault-policy-narrow", where, seen: "there is none", secrets }];
    const text = texts.get(policy);
    if (text === undefined) return [];
    const beyond = readablePaths.filter((path) => !text.includes(`"${expected.vault.mount}/data/${path}"`));
    if (beyond.length === 0) return [];
    const broken = expected.plan.secrets.filter(({ vaultPath }) => beyond.includes(vaultPath)).map(({ name }) => name);
    return [{ code: "vault-policy-narrow", where, seen: `does not reach ${beyond.join(", ")}`, secrets: broken }];
  });
}

/**
 * Each part that could not be looked at, or once why nothing was asked. A Vault that is sealed is reported already, and so is
 * an API server that cannot be reached: the key for a token is there.
 */
function ofUnreadable({ snapshot }: View): readonly Sighting[] {
  const { health, pods, authConfig, roles, policies, secrets, unreadData } = snapshot.vault;
  if (health.ok && (health.value.state === "sealed" || health.value.state === "uninitialised")) return [];
  if (!health.ok && health.failure.kind !== "not-asked") return [];
  const parts = [health, authConfig, roles, policies, secrets, ...(pods === undefined ? [] : [pods])];
  const failed = parts.filter((part) => !part.ok).map((part) => part.failure);
  const unasked = failed.find(({ kind }) => kind === "not-asked");
  const { credentialsSecret } = snapshot.bootstrap;
  if (health.ok && unasked !== undefined && !credentialsSecret.ok && credentialsSecret.failure.kind === "unreachable")
    return [];
  const data = unreadData === undefined ? [] : [unreadData];
  const told = unasked === undefined ? [...failed.filter(isUnseen), ...data] : [unasked];
  return told.map(({ kind, asked, message }) => ({
    code: kind === "throttled" ? "vault-throttled" : "vault-not-readable",
    where: asked,
    seen: message,
    secrets: [],
  }));
}

function secretsBehind(expected: Expectation, { namespace, serviceAccount }: VaultRole): Pick<Sighting, "secrets"> {
  if (serviceAccount === expected.bootstrap.name) return {}; // without its login nothing is carried at all
  return { secrets: secretsOfNamespace(expected, namespace) };
}
