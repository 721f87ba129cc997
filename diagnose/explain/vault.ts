import { kubernetesAuthConfig } from "../../domain/resources/vault-inputs.ts";
import { vaultRoles, type VaultRole } from "../../domain/resources/vault-policies.ts";
import { valuesOf, type Failure, type VaultServerState, type Fingerprint } from "../snapshot.ts";
import type { CauseCode } from "../causes.ts";
import {
  isUnseen,
  reportAt,
  reportUnseen,
  secretsOfNamespace,
  type Expectation,
  type Rule,
  type Sighting,
  type View,
  deliveriesOf,
  describeLooks,
  isExplained,
  isUnreal,
} from "./view.ts";

export const explainVault: Rule = (view) =>
  [ofHealth, ofPods, ofRootToken, ofAuthConfig, ofTokenReview, ofRoles, ofPolicies, ofUnreadable].flatMap((rule) =>
    rule(view),
  );

/** Vault answers everybody about its health: these are about the way to it. */
const wayCodes: Partial<Record<Failure["kind"], CauseCode>> = {
  unauthorized: "cluster-login-refused",
  throttled: "vault-throttled",
  failed: "vault-failing",
  forbidden: "vault-port-forward-forbidden",
};

function ofHealth({ snapshot, expected }: View): readonly Sighting[] {
  const { health } = snapshot.vault;
  const { credentialsSecret } = snapshot.bootstrap;
  const report = reportAt(`Vault of ${expected.namespace}`);
  if (!health.ok) {
    const { kind, message } = health.failure;
    const code = wayCodes[kind];
    if (kind === "not-asked") return [];
    return code === undefined ? report("vault-unreachable", message) : report(code, message, { secrets: [] });
  }
  const { state } = health.value;
  const secret = `${expected.namespace}/${expected.bootstrap.config.vault.credentialsSecret}`;
  const exists = credentialsSecret.ok ? credentialsSecret.value.exists : undefined;
  if (state === "uninitialised") {
    return exists === true
      ? report("vault-lost", `uninitialised, while the Secret ${secret} exists`)
      : report("vault-uninitialised", "uninitialised (health answers 501)");
  }
  if (state !== "sealed") return [];
  return exists === false && expected.strictness.unseal === "from-secret"
    ? report("vault-orphaned", `sealed, and the Secret ${secret} does not exist`)
    : report("vault-sealed", ["sealed (health answers 503)", ...podStates(snapshot.vault)].join(": "));
}

/** Such as `vault-0 active, vault-1 sealed`; nothing where pods are not known. */
function podStates({ pods }: VaultServerState): readonly string[] {
  return pods?.ok === true ? [pods.value.map(({ name, state }) => `${name} ${state}`).join(", ")] : [];
}

/** Pods that do not do their part. Where all of them are sealed or away, Vault's own health shows it. */
function ofPods({ snapshot: { vault }, expected }: View): readonly Sighting[] {
  const pods = vault.pods === undefined ? [] : valuesOf(vault.pods);
  const { namespace, name } = expected.vault.statefulSet;
  const [all = ""] = podStates(vault);
  if (!pods.some(({ state }) => state === "active")) {
    const isWaiting = pods.some(({ state }) => state === "standby");
    return isWaiting ? reportAt(`Vault ${namespace}/${name}`)("vault-no-active-pod", all) : [];
  }
  return pods
    .filter(({ state }) => state !== "active" && state !== "standby")
    .flatMap((pod) => {
      const report = reportAt(`Vault pod ${namespace}/${pod.name}`, { secrets: [] });
      const code = pod.state === "sealed" ? "vault-pod-sealed" : "vault-pod-not-serving";
      return report(code, `${pod.why ?? pod.state}; of all: ${all}`);
    });
}

/** A root token never expires: outside `dev` and `local` only the unseal key is stored, which generates one when needed. */
function ofRootToken({ snapshot, expected }: View): readonly Sighting[] {
  const { credentialsSecret } = snapshot.bootstrap;
  if (expected.strictness.rootToken !== "revoked") return [];
  if (!credentialsSecret.ok || !credentialsSecret.value.hasRootToken) return [];
  const where = `Secret ${expected.namespace}/${expected.bootstrap.config.vault.credentialsSecret}`;
  return reportAt(where, { secrets: [] })("vault-root-token-stored", "it has a root-token, expected none");
}

function ofAuthConfig({ snapshot, expected }: View): readonly Sighting[] {
  const { authConfig, health } = snapshot.vault;
  const report = reportAt(`Vault auth/${expected.vault.authMount}/config`);
  if (!authConfig.ok) {
    const { kind, message } = authConfig.failure;
    return kind === "not-found" && health.ok ? report("vault-auth-missing", message) : [];
  }
  const found = authConfig.value;
  if (found.tokenReviewerJwtSet) {
    return report("vault-reviewer-pinned", "token_reviewer_jwt_set is true, expected false");
  }
  const { kubernetesHost, disableLocalCaJwt, disableIssValidation } = kubernetesAuthConfig(expected);
  const differences = [
    ["kubernetes_host", found.kubernetesHost, kubernetesHost],
    ["disable_local_ca_jwt", found.disableLocalCaJwt, disableLocalCaJwt],
    ["disable_iss_validation", found.disableIssValidation, disableIssValidation],
    ["kubernetes_ca_cert set", found.hasCa, disableLocalCaJwt ? true : found.hasCa],
  ].flatMap(([field, is, wanted]) => (is === wanted ? [] : [`${field} is ${is}, expected ${wanted}`]));
  return differences.length === 0 ? [] : report("vault-auth-config-wrong", differences.join("; "));
}

/** In a cluster Vault's own account reviews; outside a pod each consumer reviews its own token. */
function ofTokenReview({ snapshot, expected }: View): readonly Sighting[] {
  const { tokenReviewers } = snapshot.vault;
  if (!tokenReviewers.ok) return [];
  const report = reportAt("ClusterRoleBindings to system:auth-delegator");
  const judged = (namespace: string, account: string, about?: Partial<Sighting>): readonly Sighting[] =>
    tokenReviewers.value.includes(`${namespace}/${account}`)
      ? []
      : report("token-review-forbidden", `none names the ServiceAccount ${namespace}/${account}`, about);
  if (expected.strictness.vaultAuth === "in-cluster") {
    return judged(expected.vault.serviceAccount.namespace, expected.vault.serviceAccount.name);
  }
  return vaultRoles(expected)
    .filter(({ serviceAccount }) => serviceAccount !== "keycloak-client-patcher")
    .flatMap((role) => judged(role.namespace, role.serviceAccount, secretsBehind(expected, role)));
}

function ofRoles({ snapshot, expected }: View): readonly Sighting[] {
  const { roles } = snapshot.vault;
  if (!roles.ok) return [];
  return vaultRoles(expected).flatMap((role): readonly Sighting[] => {
    const { name, namespace, serviceAccount } = role;
    const report = reportAt(`Vault role ${name}`, { ...secretsBehind(expected, role), name, namespace });
    const found = roles.value.find((one) => one.name === name);
    if (found === undefined) {
      return report("vault-role-missing", `not found; ${namespace}/${serviceAccount} logs in with it`);
    }
    const { audience, serviceAccounts, namespaces } = found;
    const store = valuesOf(snapshot.stores).find((one) => one.namespace === namespace && one.role === name);
    const { audiences = [] } = store ?? {};
    const asked = audiences.length === 0 ? "none" : audiences.join(", ");
    const isBound = (names: readonly string[], one: string): boolean => names.includes(one) || names.includes("*");
    const bound = `bound to ${serviceAccounts.join(", ")} in ${namespaces.join(", ")}`;
    return [
      ...(audience === "" || audiences.includes(audience)
        ? []
        : report("vault-role-audience", `audience is ${audience}, the store requests ${asked}`)),
      ...(isBound(serviceAccounts, serviceAccount) && isBound(namespaces, namespace)
        ? []
        : report("vault-role-binding", `${bound}, expected ${serviceAccount} in ${namespace}`)),
    ];
  });
}

function ofPolicies({ snapshot, expected }: View): readonly Sighting[] {
  const { policies } = snapshot.vault;
  if (!policies.ok) return [];
  const texts = new Map(policies.value.map(({ name, text }) => [name, text]));
  return expected.plan.stores.flatMap(({ policy, readablePaths, namespace }): readonly Sighting[] => {
    const report = reportAt(`Vault policy ${policy}`, { secrets: secretsOfNamespace(expected, namespace) });
    if (!texts.has(policy)) return report("vault-policy-narrow", "there is none");
    const text = texts.get(policy);
    const beyond = readablePaths.filter((path) => text?.includes(`"${expected.vault.mount}/data/${path}"`) === false);
    const secrets = expected.plan.secrets.filter(({ vaultPath }) => beyond.includes(vaultPath)).map(({ name }) => name);
    return beyond.length === 0 ? [] : report("vault-policy-narrow", `does not cover ${beyond.join(", ")}`, { secrets });
  });
}

/** A server that does not do its part needs another fix than a right that is missing. */
const unreadableCodes: Partial<Record<Failure["kind"], CauseCode>> = {
  unreachable: "vault-unreachable",
  throttled: "vault-throttled",
  failed: "vault-failing",
};

/** Each part that could not be read, or once why nothing was asked. A sealed Vault or a lost cluster is reported already. */
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
  const reported = unasked === undefined ? [...failed.filter(isUnseen), ...data] : [unasked];
  return reported.map((one) => reportUnseen(unreadableCodes[one.kind] ?? "vault-not-readable", one));
}

/** All secrets where vault-bootstrap cannot log in: then it carries none. */
function secretsBehind(expected: Expectation, { namespace, serviceAccount }: VaultRole): Pick<Sighting, "secrets"> {
  return serviceAccount === expected.bootstrap.name ? {} : { secrets: secretsOfNamespace(expected, namespace) };
}

export const explainVaultSecrets: Rule = (view) => {
  const { snapshot, expected } = view;
  const states = new Map(valuesOf(snapshot.vault.secrets).map((state) => [state.path, state]));
  return expected.plan.secrets.flatMap(({ name, vaultPath, required }): readonly Sighting[] => {
    const state = states.get(vaultPath);
    if (state === undefined) return [];
    const report = reportAt(`Vault ${expected.vault.mount}/${vaultPath}`, { secrets: [name], name });
    if (state.state !== "live") {
      if ((!required && deliveriesOf(expected, name).length === 0) || isExplained(view, name)) return [];
      const seen = state.state === "absent" ? "nothing was ever written" : "the latest version was deleted";
      return report("vault-path-missing", seen);
    }
    if (state.hasValueField === false) return report("vault-value-field-missing", "its data has no field `value`");
    const { fingerprint: print, version } = state;
    if (print === undefined) return [];
    if (isUnreal(print.looksLike, expected)) {
      return report("vault-holds-placeholder", `version ${version} is ${describeLooks(print.looksLike)}`);
    }
    const short = tooShort(view, name, print);
    return short === undefined ? [] : report("value-too-short", short);
  });
};

/** How a value is shorter than the catalogue says that its consumer needs; `undefined` where it is not. */
export function tooShort({ expected }: View, secret: string, { lengthInCharacters }: Fingerprint): string | undefined {
  const entry = expected.catalogue.secrets[secret];
  const wanted = entry?.authority === "external" ? entry.minLengthInCharacters : undefined;
  if (wanted === undefined || lengthInCharacters >= wanted) return undefined;
  return `${secret} has ${lengthInCharacters} characters, expected ${wanted}`;
}
