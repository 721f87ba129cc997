import assert from "node:assert/strict";
import { existsSync, renameSync, rmSync } from "node:fs";
import { vaultReader } from "../../../diagnose/observe/access.ts";
import { Redacted } from "../../../domain/redacted.ts";
import type { LocalHome } from "../../../local/home.ts";
import { startServers } from "../../../local/servers/start.ts";
import { stopServers } from "../../../local/servers/stop.ts";
import { testBinaries } from "../../support/servers.ts";
import { addViewer, viewerUser, vaultForViewer } from "./viewer.ts";
import type { Break } from "./break.ts";
import { failingJob, patcherJobs } from "./jobs.ts";
import type { World } from "./world.ts";

const reviewBinding = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/ameide-secrets-token-review-local";
/** Allows one call an hour to what it is set on. */
const quota = "sys/quotas/rate-limit/doctor-test";
const langfuse = "langfuse-secret-key";
const role = (world: World, namespace = world.namespace): string =>
  `auth/${world.connected.stack.vault.authMount}/role/ameide-secrets-reader-${namespace}`;

export const vaultBreaks = {
  "vault-unreachable": { strike: (world) => Promise.resolve(world.signal("openbao", "SIGKILL")) },
  "vault-sealed": { strike: (world) => world.vault("PUT", "sys/seal") },
  "vault-root-token-stored": {
    // `local` keeps its root token on purpose: it is looked at as a stack that does not
    strike: () => Promise.resolve(),
    sight: ({ connected: { stack } }) => ({
      stack: { ...stack, strictness: { ...stack.strictness, rootToken: "revoked" } },
    }),
  },
  "vault-uninitialised": {
    // as on a new cluster: neither data nor keys exist
    strike: async (world) => {
      await world.connected.cluster.remove(credentials(world));
      await whileVaultIsDown(world, ({ dataDir }) => rmSync(dataDir, { recursive: true }));
    },
    after: (world) => world.reopen(), // its tokens are of the Vault that is no more
  },
  "vault-lost": {
    strike: (world) => whileVaultIsDown(world, ({ dataDir }) => renameSync(dataDir, `${dataDir}.former`)),
    // the old volume
    after: (world) =>
      whileVaultIsDown(world, ({ dataDir }) => {
        if (!existsSync(`${dataDir}.former`)) return;
        rmSync(dataDir, { recursive: true, force: true });
        renameSync(`${dataDir}.former`, dataDir);
      }),
  },
  "vault-orphaned": {
    strike: async (world) => {
      const path = credentials(world);
      const { apiVersion, kind, metadata, data, type } = await world.connected.cluster.get(path);
      const { name, namespace, labels, annotations } = metadata;
      kept = { apiVersion, kind, data, type, metadata: { name, namespace, labels, annotations } };
      await world.vault("PUT", "sys/seal");
      await world.connected.cluster.remove(path);
    },
    // the backup
    after: (world) => world.connected.cluster.create(credentials(world).replace(/\/[^/]+$/, ""), kept),
  },
  "vault-reviewer-pinned": { strike: (world) => configureAuth(world, { token_reviewer_jwt: "ey.expired.token" }) },
  "vault-auth-config-wrong": { strike: (world) => configureAuth(world, { disable_iss_validation: false }) },
  "vault-auth-missing": {
    strike: (world) => world.vault("DELETE", `sys/auth/${world.connected.stack.vault.authMount}`),
  },
  "token-review-forbidden": { strike: (world) => world.connected.cluster.remove(reviewBinding) },
  "vault-role-missing": { strike: (world) => world.vault("DELETE", role(world)) },
  "vault-role-audience": { strike: (world) => changeRole(world, role(world), { audience: "vault" }) },
  "vault-role-binding": {
    strike: (world) => changeRole(world, role(world, "argocd"), { bound_service_account_names: ["default"] }),
  },
  "vault-policy-narrow": {
    strike: (world) =>
      world.vault("PUT", "sys/policies/acl/ameide-secrets-reader-argocd", { policy: 'path "secret/data/none" {}' }),
  },
  "vault-path-missing": { strike: (world) => world.vault("DELETE", `secret/data/${langfuse}`) },
  "vault-holds-placeholder": {
    strike: (world) => write(world, langfuse, { value: "CHANGEME" }),
    sight: () => ({ prove: true }),
  },
  "vault-value-field-missing": {
    strike: (world) => write(world, langfuse, { token: "under-another-name" }),
    sight: () => ({ prove: true }),
  },
  "vault-throttled": {
    strike: (world) => world.vault("POST", quota, { path: "secret/", rate: 1, interval: "1h" }),
    before: (world) => world.vault("DELETE", quota),
  },
  "vault-not-readable": {
    strike: () => Promise.resolve(), // somebody with an expired token
    sight: ({ connected: { stack } }) => ({
      access: { vault: vaultReader({ address: stack.vault.operatorAddress }, new Redacted("ended")) },
    }),
  },
  "vault-port-forward-forbidden": {
    strike: addViewer,
    sight: async (world) => ({ access: { vault: await vaultForViewer(world) } }),
    fill: ({ namespace }) => ({ "<you>": viewerUser(namespace) }),
    // allowed now; the next obstacle is that `local` has no such pod
    after: async (world) => {
      const { causes } = await world.look({ access: { vault: await vaultForViewer(world) } });
      assert.match(causes[0]?.evidence[0]?.seen ?? "", /pods "vault-core-local-0" not found/);
    },
  },
} as const satisfies Readonly<Record<string, Break>>;

const patcherSays = (said: string): Break => ({
  strike: async (world) => {
    await world.connected.cluster.create(patcherJobs(world).all, failingJob(said));
    const failed = async () =>
      (await world.connected.cluster.get<{ status?: { failed?: number } }>(patcherJobs(world).one)).status?.failed ===
      1;
    await world.until(failed);
  },
  after: removePatcher,
});

export const patcherBreaks = {
  "patcher-exec-format": patcherSays("exec /scripts/jq: exec format error"),
  "patcher-command-missing": patcherSays("sh: command not found: jq"),
  "patcher-keycloak-unauthorized": {
    ...patcherSays("POST /realms/master/protocol/openid-connect/token: 401 Unauthorized"),
    // Keycloak's own, which no chart has put here
    before: (world) => Promise.all(keycloakSecrets(world).map(({ all, object }) => world.connected.cluster.create(all, object))), // prettier-ignore
    after: async (world) => {
      for (const { one } of keycloakSecrets(world)) await world.connected.cluster.remove(one);
      await removePatcher(world);
    },
  },
  "patcher-keycloak-forbidden": patcherSays("GET /admin/realms/ameide/clients: 403 Forbidden"),
  "patcher-client-missing": patcherSays("GET /admin/realms/ameide/clients/platform-app: 404 Not Found"),
  "patcher-vault-denied": patcherSays("PUT secret/data/platform-app-client-secret: 403, permission denied"),
  "patcher-failed": patcherSays("something that nobody has seen yet"),
  "keycloak-secret-placeholder": {
    strike: (world) => world.vault("POST", `secret/data/${clientSecret}`, placeholder),
    sight: () => ({ prove: true }),
    after: (world) => world.vault("DELETE", `secret/metadata/${clientSecret}`),
  },
  "keycloak-secret-absent": {
    strike: (world) =>
      world.vault("POST", `secret/data/${clientSecret}`, { data: { value: "made-by-keycloak-01234" } }),
    after: (world) => world.vault("DELETE", `secret/metadata/${clientSecret}`),
  },
} as const satisfies Readonly<Record<string, Break>>;

export async function removePatcher(world: World): Promise<void> {
  const { one, pods } = patcherJobs(world);
  await world.connected.cluster.remove(`${one}?propagationPolicy=Background`);
  // the next Job has the same name, and its newest pod is sought by the second
  await world.until(
    async () => (await world.connected.cluster.get<{ items: readonly object[] }>(pods)).items.length === 0,
  );
}

function keycloakSecrets({ namespace }: World): readonly { readonly all: string; one: string; object: object }[] {
  const all = `/api/v1/namespaces/${namespace}/secrets`;
  return ["keycloak-master-bootstrap", "keycloak-admin-sa"].map((name) => ({
    all,
    one: `${all}/${name}`,
    object: { apiVersion: "v1", kind: "Secret", metadata: { name } },
  }));
}

const clientSecret = "platform-app-client-secret";
const placeholder = { data: { value: "keycloak_generated_placeholder" } };

async function whileVaultIsDown(world: World, change: (vault: LocalHome["vault"]) => void): Promise<void> {
  const { home } = world.chain;
  await stopServers(home, { only: ["openbao"] });
  change(home.vault);
  await startServers(home, await testBinaries(), { only: ["openbao"] });
}

/** The deleted Secret's backup. */
let kept: object = {};

function credentials({ connected: { stack } }: World): string {
  return `/api/v1/namespaces/${stack.namespace}/secrets/${stack.bootstrap.config.vault.credentialsSecret}`;
}

async function configureAuth(world: World, change: object): Promise<void> {
  const { kubernetesHost, kubernetesCaPem, authMount } = world.connected.stack.vault;
  const config = { kubernetes_host: kubernetesHost, kubernetes_ca_cert: kubernetesCaPem };
  const flags = { disable_local_ca_jwt: true, disable_iss_validation: true };
  await world.vault("POST", `auth/${authMount}/config`, { ...config, ...flags, ...change });
}

async function changeRole(world: World, path: string, change: object): Promise<void> {
  const { data } = await world.vault<{ data: object }>("GET", path);
  await world.vault("POST", path, { ...data, ...change });
}

/** As another writer who respects check-and-set. */
async function write(world: World, path: string, data: object): Promise<void> {
  const { data: held } = await world.vault<{ data: { current_version: number } }>("GET", `secret/metadata/${path}`);
  await world.vault("POST", `secret/data/${path}`, { data, options: { cas: held.current_version } });
}
