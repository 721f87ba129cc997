import type { CauseCode } from "../../diagnose/causes.ts";
import {
  all,
  authConfig,
  bootstrap,
  bootstrapPod,
  cronJob,
  denied,
  ghcrPull,
  identity,
  isGhcrPull,
  keycloak,
  lastRun,
  notDelivered,
  patcher,
  pod,
  roles,
  storesFail,
  syncFails,
  target,
  unread,
  vault,
  vaultSecret,
  type Change,
} from "./changes.ts";
import { changed, minutesAgo, print, seen, unseen, valuesOf, without } from "./healthy.ts";

/** For each cause the least that is broken when it strikes: it must be reported, and first. */
export const strikes: Readonly<Record<CauseCode, Change>> = {
  "key-vault-unreachable": lastRun("source-unreachable"),
  "key-vault-throttled": lastRun("source-throttled"),
  "key-vault-secret-missing": (s) => ({ keyVault: without(s.keyVault, ({ name }) => name === "ghcr-token") }),
  "key-vault-prefix-differs": (s) => ({
    keyVault: changed(s.keyVault, ({ name }) => name === "ghcr-token", { name: "env-ghcr-token" }),
  }),
  "key-vault-secret-disabled": (s) => ({
    keyVault: changed(s.keyVault, ({ name }) => name === "ghcr-token", { enabled: false }),
  }),
  "key-vault-secret-expired": (s) => ({
    keyVault: changed(s.keyVault, ({ name }) => name === "ghcr-token", { expiresAt: minutesAgo(1) }),
  }),
  "key-vault-secret-expires-soon": (s) => ({
    keyVault: changed(s.keyVault, ({ name }) => name === "ghcr-token", { expiresAt: minutesAgo(-13 * 24 * 60) }),
  }),
  "key-vault-value-refused": (s) => ({
    keyVault: changed(s.keyVault, ({ name }) => name === "ghcr-token", { fingerprint: print("x", "placeholder") }),
  }),
  "azure-not-readable": () => ({ keyVault: unseen("forbidden") }),
  "identity-missing": identity(() => ({ identity: unseen("not-found") })),
  "client-id-stale": cronJob({ environment: { AZURE_CLIENT_ID: "former", AZURE_FEDERATED_TOKEN_FILE: "/t" } }),
  "federated-credential-missing": identity(() => ({ federatedCredentials: seen([]) })),
  "federated-credential-mismatch": identity((before) => ({
    federatedCredentials: changed(before.federatedCredentials, () => true, { issuer: "https://issuer.example/former" }),
  })),
  "federation-propagating": lastRun("federation-mismatch"),
  "role-assignment-missing": identity(() => ({ roleAssignments: seen([]) })),
  "role-propagating": lastRun("source-forbidden"),
  "bootstrap-missing": bootstrap(() => ({ cronJob: unseen("not-found") })),
  "bootstrap-suspended": cronJob({ suspended: true }),
  "federated-token-file-missing": cronJob({ mountsAzureToken: false }),
  "bootstrap-image-not-pulled": bootstrapPod({ containers: [{ name: "c", image: "ghcr.io/a/b:1", reason: "ImagePullBackOff" }] }), // prettier-ignore
  "bootstrap-cannot-start": bootstrapPod({ containers: [{ name: "c", image: "i", reason: "StartError" }] }),
  "bootstrap-unschedulable": bootstrapPod({ unschedulable: "0/3 nodes are available: 3 had untolerated taints" }),
  "bootstrap-overruns": bootstrap(() => ({
    jobs: seen([{ name: "j", createdAt: minutesAgo(2), result: "failed", reason: "DeadlineExceeded" }]),
  })),
  "bootstrap-stale": bootstrap((before) => ({
    status: before.status.ok ? seen({ ...before.status.value, lastSuccessAt: minutesAgo(60) }) : before.status,
    jobs: seen([]),
  })),
  "bootstrap-waiting": all(
    bootstrap(() => ({ status: unseen("not-found"), jobs: seen([]) })),
    cronJob({ createdAt: minutesAgo(1), lastSucceededAt: undefined }),
  ),
  "bootstrap-status-malformed": bootstrap(() => ({ status: unseen("malformed", "data.status is missing") })),
  "bootstrap-source-missing": lastRun("source-unreachable", "the Secret vault-bootstrap-local-secrets does not exist"),
  "bootstrap-lease-held": lastRun("lease-held"),
  "bootstrap-forbidden-in-cluster": lastRun("kubernetes-refused"),
  "bootstrap-login-refused": lastRun("kubernetes-login-refused"),
  "api-server-overloaded": lastRun("kubernetes-throttled"),
  "bootstrap-misconfigured": lastRun("bad-configuration"),
  "bootstrap-interrupted": lastRun("terminated", "stopped by SIGTERM after it finished the writes in progress"),
  "bootstrap-conflict": bootstrap((before) => ({
    status: before.status.ok
      ? seen({
          ...before.status.value,
          secrets: [{ name: "ghcr-token", path: "ghcr-token", outcome: "failed" as const, reason: "conflict" }],
        })
      : before.status,
  })),
  "bootstrap-secret-failed": bootstrap((before) => ({
    status: before.status.ok
      ? seen({
          ...before.status.value,
          secrets: [{ name: "ghcr-token", path: "ghcr-token", outcome: "failed" as const, reason: "unread" }],
        })
      : before.status,
  })),
  "bootstrap-secret-kept": bootstrap((before) => ({
    status: before.status.ok
      ? seen({
          ...before.status.value,
          secrets: [{ name: "ghcr-token", path: "ghcr-token", outcome: "kept" as const, reason: "unmarked" }],
        })
      : before.status,
  })),
  "bootstrap-failed": lastRun("internal-error"),
  "vault-unreachable": all(
    vault(() => ({ health: unseen("unreachable", "connect ECONNREFUSED") })),
    storesFail("connection refused"),
  ),
  "vault-uninitialised": all(
    vault(() => ({ health: seen({ state: "uninitialised", version: "2" }) })),
    bootstrap(() => ({ credentialsSecret: seen({ exists: false, hasRootToken: false }) })),
    storesFail("Code: 501. Errors: * Vault is not initialized"),
  ),
  "vault-sealed": all(
    vault(() => ({
      health: seen({ state: "sealed", version: "2" }),
      authConfig: unseen("not-asked"),
      secrets: unseen("not-asked"),
    })),
    storesFail("Code: 503. Errors: * Vault is sealed"),
    syncFails("Code: 503. Errors: * Vault is sealed"),
    lastRun("vault-sealed"),
  ),
  "vault-no-active-pod": all(
    vault(() => ({ pods: vaultPods("standby", "sealed", "sealed") })),
    storesFail("Code: 500. Errors: * local node not active but active cluster node not found"),
  ),
  "vault-pod-sealed": vault(() => ({ pods: vaultPods("active", "standby", "sealed") })),
  "vault-pod-not-serving": vault(() => ({ pods: vaultPods("active", "uninitialised", "standby") })),
  "vault-lost": vault(() => ({ health: seen({ state: "uninitialised", version: "2" }) })),
  "vault-orphaned": all(
    vault(() => ({ health: seen({ state: "sealed", version: "2" }) })),
    bootstrap(() => ({ credentialsSecret: seen({ exists: false, hasRootToken: false }) })),
  ),
  "vault-root-token-stored": bootstrap(() => ({ credentialsSecret: seen({ exists: true, hasRootToken: true }) })),
  "vault-address-wrong": lastRun("vault-unreachable"),
  "vault-reviewer-pinned": all(authConfig({ tokenReviewerJwtSet: true }), storesFail(denied), syncFails(denied)),
  "vault-auth-config-wrong": all(authConfig({ kubernetesHost: "https://10.0.0.1" }), storesFail(denied)),
  "vault-auth-missing": all(
    vault(() => ({ authConfig: unseen("not-found") })),
    storesFail(denied),
  ),
  "token-review-forbidden": all(
    vault(() => ({ tokenReviewers: seen([]) })),
    storesFail(denied),
  ),
  "vault-role-missing": all(
    vault((before) => ({ roles: without(before.roles, ({ name }) => name.includes("reader-argocd")) })),
    storesFail("Code: 400. Errors: * invalid role name", ({ namespace }) => namespace === "argocd"),
  ),
  "vault-role-audience": all(
    roles({ audience: "vault" }),
    storesFail(denied, ({ namespace }) => namespace === "ameide-dev"),
  ),
  "vault-role-binding": all(
    roles({ serviceAccounts: ["default"] }),
    storesFail(denied, ({ namespace }) => namespace === "ameide-dev"),
  ),
  "vault-policy-narrow": vault((before) => ({
    policies: changed(before.policies, ({ name }) => name.includes("reader-ameide-dev"), {
      text: 'path "secret/data/other" {}',
    }),
  })),
  "vault-path-missing": all(vaultSecret("openai-api-key", { state: "deleted" }), syncFails("Secret does not exist")),
  "vault-holds-placeholder": all(
    vaultSecret("ghcr-token", { fingerprint: print("x", "placeholder") }),
    target({
      keys: { ".dockerconfigjson": print("d"), username: print("ghcr-username"), password: print("x", "placeholder") },
    }),
    pod({
      containers: [
        { name: "c", image: "ghcr.io/ameide/platform:1", reason: "ImagePullBackOff", message: "403 Forbidden" },
      ],
    }),
  ),
  "vault-value-field-missing": all(
    vaultSecret("ghcr-token", { hasValueField: false, fingerprint: undefined }),
    syncFails('cannot find secret data for key: "value"'),
  ),
  "keycloak-secret-placeholder": keycloak("placeholder"),
  "keycloak-secret-absent": all(keycloak(undefined), () => ({
    clientPatcher: seen({ result: "running" as const, symptoms: [] }),
  })),
  "patcher-exec-format": patcher("patcher-exec-format"),
  "patcher-command-missing": patcher("patcher-command-missing"),
  "patcher-keycloak-unauthorized": patcher("patcher-keycloak-unauthorized"),
  "patcher-keycloak-forbidden": patcher("patcher-keycloak-forbidden"),
  "patcher-client-missing": patcher("patcher-client-missing"),
  "patcher-vault-denied": patcher("patcher-vault-denied", "patcher-keycloak-forbidden"),
  "patcher-failed": patcher(),
  "vault-port-forward-forbidden": vault(() => ({
    health: unseen("forbidden"),
    authConfig: unseen("forbidden"),
    roles: unseen("forbidden"),
    policies: unseen("forbidden"),
    secrets: unseen("forbidden"),
  })),
  "vault-not-readable": vault(() => ({ authConfig: unseen("forbidden") })),
  "vault-failing": all(
    lastRun("vault-failing"),
    vault(() => ({ secrets: unseen("failed") })),
    storesFail("Code: 500. Errors: * internal error"),
  ),
  "vault-throttled": all(
    lastRun("vault-throttled"),
    storesFail("Code: 429. Errors: * request path rate limit quota exceeded"),
  ),
  "cluster-login-refused": () => ({ stores: unseen("unauthorized"), externalSecrets: unseen("unauthorized") }),
  "cluster-not-readable": () => ({ stores: unseen("forbidden"), externalSecrets: unseen("forbidden") }),
  "store-missing": all(
    (s) => ({ stores: without(s.stores, ({ namespace }) => namespace === "ameide-dev") }),
    syncFails("SecretStore not found"),
  ),
  "store-account-missing": all(
    (s) => ({
      serviceAccounts: without(s.serviceAccounts, (one) => one.namespace === "ameide-dev" && one.name !== "default"),
    }),
    storesFail("serviceaccounts not found"),
  ),
  "store-permission-denied": all(
    vault(() => ({ authConfig: unseen("forbidden"), roles: unseen("forbidden") })),
    storesFail(denied),
  ),
  "store-not-ready": storesFail("something new"),
  "store-stale": storesFail("Code: 503. Errors: * Vault is sealed"),
  "eso-not-running": (s) => ({
    externalSecrets: changed(s.externalSecrets, () => true, { refreshedAt: minutesAgo(60) }),
  }),
  "external-secret-missing": (s) => ({ externalSecrets: without(s.externalSecrets, isGhcrPull) }),
  "external-secret-path-wrong": all(
    (s) => ({
      externalSecrets: changed(s.externalSecrets, isGhcrPull, { remoteKeys: ["env-ghcr-token", "ghcr-username"] }),
    }),
    syncFails("Secret does not exist"),
  ),
  "external-secret-stale-failure": syncFails("Code: 503. Errors: * Vault is sealed"),
  "external-secret-denied": all(
    vault(() => ({ policies: unseen("forbidden") })),
    syncFails(denied),
  ),
  "external-secret-template": syncFails("could not apply template: could not execute template"),
  "external-secret-target-owned": syncFails("target is owned by another ExternalSecret"),
  "external-secret-failed": syncFails("something new"),
  "external-secret-left-behind": all(
    vaultSecret("ghcr-token", { writtenAt: minutesAgo(1) }),
    notDelivered("ghcr-token", `${ghcrPull.namespace}/${ghcrPull.name}: no answer within 10 s`),
  ),
  "external-secret-waiting": (s) => ({
    externalSecrets: seen(
      valuesOf(s.externalSecrets).map((one) => {
        const { ready, ...rest } = one;
        return isGhcrPull(one)
          ? { ...rest, createdAt: minutesAgo(1) }
          : { ...rest, ...(ready === undefined ? {} : { ready }) };
      }),
    ),
  }),
  "target-secret-missing": (s) => ({ secrets: without(s.secrets, ({ name }) => name === "ghcr-pull") }),
  "target-secret-differs": target({ type: "Opaque" }),
  "target-secret-behind": target({
    keys: { ".dockerconfigjson": print("d"), username: print("ghcr-username"), password: print("former") },
  }),
  "target-holds-placeholder": all(
    vault((before) => ({ secrets: unread(before.secrets) })),
    target({ keys: { ".dockerconfigjson": print("d"), username: print("u"), password: print("x", "empty", 0) } }),
    pod({
      containers: [
        { name: "c", image: "ghcr.io/ameide/platform:1", reason: "ImagePullBackOff", message: "403 Forbidden" },
      ],
    }),
  ),
  "pull-secret-malformed": target({
    keys: { ".dockerconfigjson": print("token"), username: print("-", "empty", 0), password: print("-", "empty", 0) },
  }),
  "pull-secret-missing-here": () => ({
    pullsElsewhere: seen([
      {
        namespace: "clickhouse-system",
        pod: "operator-0",
        image: "ghcr.io/ameide/operator:1",
        reason: "ErrImagePull",
        pullSecret: "ghcr-pull",
        isSecretAbsent: true,
      },
    ]),
  }),
  "pull-secret-not-attached": (s) => ({
    serviceAccounts: changed(
      s.serviceAccounts,
      ({ namespace, name }) => namespace === "ameide-dev" && name === "default",
      {
        imagePullSecrets: [],
      },
    ),
  }),
  "image-pull-denied": pod({
    containers: [{ name: "c", image: "ghcr.io/ameide/platform:1", reason: "ImagePullBackOff" }],
  }),
  "value-too-short": target({
    keys: {
      ".dockerconfigjson": print("d"),
      username: print("ghcr-username"),
      password: print("ghcr-token", "value", 3),
    },
  }),
  "values-equal": (s) => ({
    secrets: changed(s.secrets, ({ name }) => name === "inference-api-credentials", {
      keys: { ANTHROPIC_API_KEY: print("same"), OPENAI_API_KEY: print("same") },
    }),
    vault: { ...s.vault, secrets: unread(s.vault.secrets) },
  }),
  "consumer-not-restarted": all(
    target({ changedAt: minutesAgo(5) }),
    pod({ phase: "Running", startedAt: minutesAgo(50), secrets: [{ secret: "ghcr-pull", by: "environment" }] }),
  ),
};

type PodState = "active" | "standby" | "sealed" | "uninitialised";

function vaultPods(...states: readonly PodState[]) {
  return seen(states.map((state, index) => ({ name: `vault-core-dev-${index}`, state })));
}
