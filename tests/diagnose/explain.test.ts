import assert from "node:assert/strict";
import type { BootstrapCause } from "../../domain/bootstrap-config.ts";
import type { PodState, Snapshot } from "../../domain/snapshot.ts";
import { causeCodes, type CauseCode } from "../../diagnose/causes.ts";
import { explain } from "../../diagnose/explain.ts";
import { environmentStack, localStack } from "../support/stacks.ts";
import { changed, healthy, minutesAgo, print, seen, stack, unseen, valuesOf, without } from "./healthy.ts";

/** A part of a snapshot, however deep. */
type Change = (snapshot: Snapshot) => Partial<Snapshot>;

const ghcrPull = { namespace: "ameide-dev", name: "ghcr-pull-sync" };
const isGhcrPull = (one: { namespace: string; name: string }) =>
  one.namespace === ghcrPull.namespace && one.name === ghcrPull.name;
const denied =
  "unable to log in with Kubernetes auth: Error making API request. Code: 403. Errors: * permission denied";

function bootstrap(change: (before: Snapshot["bootstrap"]) => Partial<Snapshot["bootstrap"]>): Change {
  return (snapshot) => ({ bootstrap: { ...snapshot.bootstrap, ...change(snapshot.bootstrap) } });
}
function vault(change: (before: Snapshot["vault"]) => Partial<Snapshot["vault"]>): Change {
  return (snapshot) => ({ vault: { ...snapshot.vault, ...change(snapshot.vault) } });
}
function identity(change: (before: Snapshot["identity"]) => Partial<Snapshot["identity"]>): Change {
  return (snapshot) => ({ identity: { ...snapshot.identity, ...change(snapshot.identity) } });
}
function all(...changes: readonly Change[]): Change {
  return (snapshot) => {
    const now = { ...snapshot };
    for (const change of changes) Object.assign(now, change(now));
    return now;
  };
}
const cronJob = (change: object): Change =>
  bootstrap((before) => ({
    cronJob: before.cronJob.ok ? seen({ ...before.cronJob.value, ...change }) : before.cronJob,
  }));
const lastRun = (cause: BootstrapCause, message = "as told"): Change =>
  bootstrap((before) => ({
    jobs: seen([
      { name: `${stack.bootstrap.name}-2`, createdAt: minutesAgo(2), result: "failed", reason: "BackoffLimitExceeded" },
    ]),
    status: before.status.ok ? seen({ ...before.status.value, cause, message, phase: "read" as const }) : before.status,
  }));
const storesFail =
  (message: string, which: (one: { namespace: string }) => boolean = () => true): Change =>
  (snapshot) => ({
    stores: changed(snapshot.stores, which, {
      ready: { status: "False", reason: "InvalidProviderConfig", message: "unable to create client" },
      warning: { reason: "InvalidProviderConfig", message, at: minutesAgo(1) },
    }),
  });
const syncFails =
  (message: string): Change =>
  (snapshot) => ({
    externalSecrets: changed(snapshot.externalSecrets, isGhcrPull, {
      ready: { status: "False", reason: "SecretSyncedError", message: "could not get secret data from provider" },
      warning: { reason: "UpdateFailed", message, at: minutesAgo(1) },
    }),
  });
const authConfig = (change: object): Change =>
  vault((before) => ({
    authConfig: before.authConfig.ok ? seen({ ...before.authConfig.value, ...change }) : before.authConfig,
  }));
const roles = (change: object): Change =>
  vault((before) => ({ roles: changed(before.roles, ({ name }) => name.includes("reader-ameide-dev"), change) }));
const vaultSecret = (path: string, change: object): Change =>
  vault((before) => ({ secrets: changed(before.secrets, (one) => one.path === path, change) }));
const target =
  (change: object): Change =>
  (snapshot) => ({
    secrets: changed(snapshot.secrets, (one) => one.namespace === "ameide-dev" && one.name === "ghcr-pull", change),
  });
const pod =
  (change: Partial<PodState>): Change =>
  () => ({
    pods: seen([
      {
        namespace: "ameide-dev",
        name: "p",
        labels: {},
        phase: "Pending",
        createdAt: minutesAgo(1),
        serviceAccount: "default",
        imagePullSecrets: [],
        containers: [],
        secrets: [],
        ...change,
      },
    ]),
  });
const bootstrapPod = (change: Partial<PodState>): Change => pod({ owner: `Job/${stack.bootstrap.name}-2`, ...change });
const patcher =
  (...symptoms: Extract<Snapshot["clientPatcher"], { ok: true }>["value"]["symptoms"]): Change =>
  () => ({
    clientPatcher: seen({ result: "failed" as const, symptoms }),
  });
const keycloak = (looksLike: "placeholder" | undefined): Change =>
  vault((before) => ({
    secrets: seen([
      ...valuesOf(before.secrets),
      looksLike === undefined
        ? { path: "platform-app-client-secret", state: "absent" as const, version: 0, customMetadata: {} }
        : {
            path: "platform-app-client-secret",
            state: "live" as const,
            version: 1,
            customMetadata: {},
            fingerprint: print("k", looksLike),
          },
    ]),
  }));

/** What the auditor's policy shows: metadata, no data. */
function unread(part: Snapshot["vault"]["secrets"]): Snapshot["vault"]["secrets"] {
  return seen(
    valuesOf(part).map(({ path, state, version, customMetadata }) => ({ path, state, version, customMetadata })),
  );
}

/** For each cause the least that is broken when it strikes: it must be told, and first. */
const strikes: Readonly<Record<CauseCode, Change>> = {
  "key-vault-unreachable": lastRun("source-unreachable"),
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
  "bootstrap-misconfigured": lastRun("bad-configuration"),
  "bootstrap-interrupted": lastRun("terminated", "stopped by SIGTERM after the writes in hand"),
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
    bootstrap(() => ({ credentialsSecret: seen(false) })),
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
  "vault-lost": vault(() => ({ health: seen({ state: "uninitialised", version: "2" }) })),
  "vault-orphaned": all(
    vault(() => ({ health: seen({ state: "sealed", version: "2" }) })),
    bootstrap(() => ({ credentialsSecret: seen(false) })),
  ),
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
  "patcher-exec-format": patcher("exec-format-error"),
  "patcher-command-missing": patcher("command-not-found"),
  "patcher-keycloak-unauthorized": patcher("keycloak-unauthorized"),
  "patcher-keycloak-forbidden": patcher("keycloak-forbidden"),
  "patcher-client-missing": patcher("keycloak-client-not-found"),
  "patcher-vault-denied": patcher("vault-permission-denied", "keycloak-forbidden"),
  "patcher-failed": patcher(),
  "vault-port-forward-forbidden": vault(() => ({
    health: unseen("forbidden"),
    authConfig: unseen("forbidden"),
    roles: unseen("forbidden"),
    policies: unseen("forbidden"),
    secrets: unseen("forbidden"),
  })),
  "vault-not-readable": vault(() => ({ authConfig: unseen("forbidden") })),
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
  "pull-secret-missing-here": pod({
    namespace: "clickhouse-system",
    containers: [{ name: "c", image: "ghcr.io/ameide/operator:1", reason: "ErrImagePull" }],
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

function struckBy(code: CauseCode) {
  const expected = stackFor(code);
  const before = healthy(expected);
  return explain({ ...before, ...strikes[code](before) }, expected);
}

function stackFor(code: CauseCode) {
  if (code === "bootstrap-source-missing") {
    const source = {
      type: "kubernetes-secret",
      name: "vault-bootstrap-local-secrets",
      key: "env-secrets.json",
    } as const;
    return { ...stack, bootstrap: { ...stack.bootstrap, config: { ...stack.bootstrap.config, source } } };
  }
  if (code !== "value-too-short") return stack;
  const { catalogue } = stack;
  const token = { authority: "external" as const, env: "GHCR_TOKEN", minLengthInCharacters: 20 };
  return environmentStack(
    "dev",
    {},
    { catalogue: { ...catalogue, secrets: { ...catalogue.secrets, "ghcr-token": token } } },
  );
}

describe("explain", () => {
  it("finds nothing where nothing is broken, in a cloud environment and in local", () => {
    assert.deepEqual(explain(healthy(), stack).causes, []);
    const local = localStack();
    const snapshot = healthy(local);
    const outside = {
      ...snapshot,
      vault: {
        ...snapshot.vault,
        authConfig: seen({
          kubernetesHost: local.vault.kubernetesHost,
          disableLocalCaJwt: true,
          disableIssValidation: true,
          tokenReviewerJwtSet: false,
          hasCa: true,
        }),
        tokenReviewers: seen([
          `${local.namespace}/${local.bootstrap.name}`,
          ...local.plan.stores.map(({ namespace, serviceAccount }) => `${namespace}/${serviceAccount}`),
        ]),
      },
    };
    assert.deepEqual(explain(outside, local).causes, []);
  });

  for (const code of causeCodes) {
    it(`names ${code} first when that is what is broken`, () => assert.equal(struckBy(code).causes[0]?.code, code));
  }

  it("tells one cause for everything that a sealed Vault breaks, with all that speaks for it", () => {
    const { causes, secrets } = struckBy("vault-sealed");
    assert.deepEqual(
      causes.map(({ code }) => code),
      ["vault-sealed"],
    );
    assert.ok((causes[0]?.evidence.length ?? 0) >= 3);
    assert.deepEqual(new Set(secrets.map(({ brokenAt }) => brokenAt?.stage)), new Set(["vault"]));
  });
  it("tells the pod that cannot pull as evidence of the placeholder, not as a cause of its own", () => {
    const { causes } = struckBy("vault-holds-placeholder");
    assert.deepEqual(
      causes.map(({ code }) => code),
      ["vault-holds-placeholder"],
    );
    assert.ok(causes[0]?.evidence.some(({ where }) => where === "Pod ameide-dev/p"));
  });
  it("tells a store's unknown words as the sealed Vault's, where Vault is seen to be sealed", () => {
    const before = healthy();
    const sealed = { ...before.vault, health: seen({ state: "sealed" as const, version: "2" }) };
    const { causes } = explain({ ...before, ...storesFail("EOF")(before), vault: sealed }, stack);
    assert.deepEqual(
      causes.map(({ code }) => code),
      ["vault-sealed"],
    );
  });
  it("gives each secret its first broken stage, and leaves the others whole", () => {
    const { secrets } = struckBy("vault-path-missing");
    const broken = secrets.filter(({ brokenAt }) => brokenAt !== undefined);
    assert.ok(broken.some(({ name, brokenAt }) => name === "openai-api-key" && brokenAt?.stage === "vault"));
    assert.equal(
      broken.some(({ name }) => name === "langfuse-secret-key"),
      false,
    );
  });
  it("writes this place's names into the repair and leaves no hole that it could fill", () => {
    const [first] = struckBy("store-not-ready").causes;
    assert.equal(first?.fix, "kubectl --context ameide -n ameide-dev describe secretstore ameide-vault");
  });
  it("shows the values found and wanted of Vault's auth configuration", () => {
    const [first] = struckBy("vault-auth-config-wrong").causes;
    assert.equal(
      first?.evidence[0]?.seen,
      "kubernetes_host is https://10.0.0.1, wanted https://kubernetes.default.svc",
    );
  });
  it("tells the bootstrap's own pod that cannot pull once, and not as a consumer's as well", () => {
    const codes = struckBy("bootstrap-image-not-pulled").causes.map(({ code }) => code);
    assert.deepEqual(codes, ["bootstrap-image-not-pulled"]);
  });
  it("names the secret in a repair that is about it, where an ExternalSecret could not read it", () => {
    const before = healthy();
    const said = 'error processing spec.data[1] (key: ghcr-token), err: cannot find secret data for key: "value"';
    const [first] = explain({ ...before, ...syncFails(said)(before) }, stack).causes;
    assert.match(first?.fix ?? "", /ameide-secrets lineage ghcr-token --stack dev/);
  });
  it("tells a run that ended at its own deadline from one that was stopped", () => {
    const before = healthy();
    const { causes } = explain({ ...before, ...lastRun("terminated", "not done after 240 s")(before) }, stack);
    assert.equal(causes[0]?.code, "bootstrap-overruns");
  });
  it("tells a volume that cannot be mounted by the pod's Event, and only while the pod waits", () => {
    const warning = { reason: "FailedMount", message: 'configmap "vault-bootstrap-0a1b" not found', at: minutesAgo(1) };
    const first = (change: Partial<PodState>) => {
      const before = healthy();
      return explain({ ...before, ...bootstrapPod({ warning, ...change })(before) }, stack).causes[0];
    };
    assert.equal(first({})?.code, "bootstrap-cannot-start");
    assert.match(first({})?.evidence[0]?.seen ?? "", /^FailedMount: configmap "vault-bootstrap-0a1b" not found$/);
    assert.equal(first({ phase: "Running" }), undefined);
  });
  it("does not take an old status for the state of a Vault that is unsealed by now", () => {
    const before = healthy();
    const { causes } = explain({ ...before, ...lastRun("vault-sealed")(before) }, stack);
    assert.deepEqual(
      causes.map(({ code }) => code),
      [],
    );
  });
  it("calls what could not be looked at unknown, and no more", () => {
    const nothing = unseen("not-asked", "no token");
    const before = healthy();
    const vaultUnseen = {
      ...before.vault,
      health: nothing,
      authConfig: nothing,
      roles: nothing,
      policies: nothing,
      secrets: nothing,
    };
    const { causes, secrets } = explain({ ...before, vault: vaultUnseen }, stack);
    assert.deepEqual(
      causes.map(({ code }) => code),
      ["vault-not-readable"],
    );
    assert.deepEqual(
      secrets[0]?.hops.find(({ stage }) => stage === "vault"),
      { stage: "vault", state: "unknown" },
    );
    assert.equal(secrets[0]?.brokenAt, undefined);
  });
});
