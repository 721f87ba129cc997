import { vaultReader } from "../../../diagnose/observe/access.ts";
import { KubernetesError } from "../../../clients/kubernetes.ts";
import { clusterByEndedLogin } from "./viewer.ts";
import type { Break } from "./break.ts";
import { again, externalSecrets, refused, stores } from "./objects.ts";
import type { World } from "./world.ts";

export const storeBreaks = {
  "store-missing": { strike: (world) => world.connected.cluster.remove(stores(world)) },
  "store-account-missing": {
    strike: (world) =>
      world.connected.cluster.remove(`/api/v1/namespaces/${world.namespace}/serviceaccounts/ameide-vault-reader`),
  },
  "vault-address-wrong": {
    // admission refuses such an address; where it only audits, it can be set. The repair puts the binding back
    strike: async (world) => {
      const binding = `ameide-secrets-secretstores-${world.connected.stack.name}`;
      const bindings = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings";
      await world.connected.cluster.patch(`${bindings}/${binding}`, { spec: { validationActions: ["Audit"] } });
      const spec = { provider: { vault: { server: "http://127.0.0.1:1" } } };
      await world.until(async () => {
        try {
          await world.connected.cluster.patch(stores(world, "argocd"), { spec });
          return true;
        } catch (error) {
          if (error instanceof KubernetesError) return false;
          throw error;
        }
      });
    },
  },
  "store-not-ready": {
    strike: (world) => nowhereCa(world, { type: "ConfigMap", name: "nowhere", key: "ca.pem" }),
    after: (world) => nowhereCa(world, null),
  },
  "store-permission-denied": {
    strike: pinReviewer,
    // a person without a token for Vault
    sight: ({ connected: { stack } }) => ({ access: { vault: vaultReader({ address: stack.vault.operatorAddress }) } }),
  },
  "store-stale": {
    strike: async (world) => {
      await pinReviewer(world);
      world.signal("external-secrets", "SIGSTOP"); // otherwise it retries on its own at some point
      await configureReviewer(world, "");
    },
    before: (world) => Promise.resolve(world.signal("external-secrets", "SIGCONT")),
  },
  "cluster-not-readable": { strike: (world) => Promise.resolve(world.signal("kube-apiserver", "SIGKILL")) },
  "cluster-login-refused": {
    strike: () => Promise.resolve(),
    sight: async (world) => ({ access: { kubernetes: await clusterByEndedLogin(world) } }),
  },
  "eso-not-running": {
    strike: async (world) => {
      world.signal("external-secrets", "SIGKILL");
      await madeAnew(world, stores(world));
    },
  },
} as const satisfies Readonly<Record<string, Break>>;

export const externalSecretBreaks = {
  "external-secret-missing": {
    strike: (world) => world.connected.cluster.remove(externalSecrets(world, "ghcr-pull-sync")),
  },
  // another secret's: a path that is in no catalogue the admission policy refuses, whoever writes it
  "external-secret-path-wrong": {
    strike: (world) =>
      world.connected.cluster.patch(externalSecrets(world, "langfuse-secrets-sync"), {
        spec: { data: [{ secretKey: "LANGFUSE_SECRET_KEY", remoteRef: { key: "openai-api-key", property: "value" } }] }, // prettier-ignore
      }),
  },
  // it failed while the value was deleted, and has not looked since that was undone
  "external-secret-stale-failure": {
    strike: async (world) => {
      const sync = externalSecrets(world, "langfuse-secrets-sync");
      const { data } = await world.vault<{ data: { current_version: number } }>("GET", "secret/metadata/langfuse-secret-key"); // prettier-ignore
      await world.vault("DELETE", "secret/data/langfuse-secret-key");
      await again(world, sync);
      await refused(world, sync);
      world.signal("external-secrets", "SIGSTOP");
      await world.vault("POST", "secret/undelete/langfuse-secret-key", { versions: [data.current_version] });
    },
    before: (world) => Promise.resolve(world.signal("external-secrets", "SIGCONT")),
  },
  "external-secret-denied": {
    strike: async (world) => {
      const sync = externalSecrets(world, "langfuse-secrets-sync");
      await world.vault("PUT", `sys/policies/acl/ameide-secrets-reader-${world.namespace}`, { policy: 'path "secret/data/none" {}' }); // prettier-ignore
      await again(world, sync);
      await refused(world, sync);
    },
    // a person without a token for Vault, who sees no policy
    sight: ({ connected: { stack } }) => ({ access: { vault: vaultReader({ address: stack.vault.operatorAddress }) } }),
  },
  "external-secret-template": {
    // admission refuses a template that drops the fetched keys; one that cannot be filled in it cannot see
    strike: (world) => template(world, { mergePolicy: "Merge", data: { EXTRA: "{{ .nowhere }}" } }),
    after: (world) => template(world, { mergePolicy: null, data: null }),
  },
  "external-secret-failed": {
    strike: (world) => storeOf(world, "nowhere"),
    after: (world) => storeOf(world, "ameide-vault"),
  },
  "external-secret-target-owned": {
    strike: async (world) => {
      const { metadata } = await world.connected.cluster.get(externalSecrets(world, "inference-api-credentials-sync"));
      const { name, uid } = metadata;
      const owner = { apiVersion: "external-secrets.io/v1", kind: "ExternalSecret", name, uid, controller: true };
      await world.connected.cluster.patch(secret(world, "langfuse-secrets"), {
        metadata: { ownerReferences: [owner] },
      });
      await again(world, externalSecrets(world, "langfuse-secrets-sync"));
    },
    after: async (world) => {
      await world.connected.cluster.remove(secret(world, "langfuse-secrets"));
      await again(world, externalSecrets(world, "langfuse-secrets-sync"));
    },
  },
  "external-secret-left-behind": {
    strike: async (world) => {
      const spec = { refreshPolicy: "CreatedOnce" };
      await world.connected.cluster.patch(externalSecrets(world, "langfuse-secrets-sync"), { spec });
      await push(world, { LANGFUSE_SECRET_KEY: "a-newer-langfuse-key-0123456789" });
    },
  },
  "external-secret-waiting": {
    strike: async (world) => {
      world.signal("external-secrets", "SIGSTOP");
      await madeAnew(world, externalSecrets(world, "langfuse-secrets-sync"));
    },
    before: (world) => Promise.resolve(world.signal("external-secrets", "SIGCONT")),
  },
  "target-secret-differs": {
    strike: (world) =>
      world.connected.cluster.patch(externalSecrets(world, "inference-api-credentials-sync"), {
        spec: { target: { template: { metadata: { labels: { "app.kubernetes.io/managed-by": "hand" } } } } },
      }),
  },
  "target-secret-missing": whileStopped((world) => world.connected.cluster.remove(secret(world, "langfuse-secrets"))),
  "target-secret-behind": {
    ...whileStopped(
      (world) =>
      world.connected.cluster.patch(secret(world, "langfuse-secrets"), { data: { LANGFUSE_SECRET_KEY: base64("edited-by-hand-0123") } }), // prettier-ignore
    ),
    sight: () => ({ prove: true }),
  },
  "target-holds-placeholder": {
    strike: async (world) => {
      const { data } = await world.vault<{ data: { current_version: number } }>("GET", "secret/metadata/langfuse-secret-key"); // prettier-ignore
      await world.vault("POST", "secret/data/langfuse-secret-key", { data: { value: "CHANGEME" }, options: { cas: data.current_version } }); // prettier-ignore
      await again(world, externalSecrets(world, "langfuse-secrets-sync"));
    },
  },
  "pull-secret-malformed": {
    strike: (world) =>
      world.connected.cluster.patch(externalSecrets(world, "ghcr-pull-sync", "argocd"), {
        // it names what admission asks for, in a comment that renders to nothing
        spec: {
          target: {
            template: { data: { ".dockerconfigjson": '{"auths":{}}{{/* .username .password */}}' } },
          },
        },
      }),
  },
  "image-pull-denied": {
    strike: (world) =>
      world.connected.cluster.create(`/api/v1/namespaces/${world.namespace}/pods`, {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "private" },
        spec: { containers: [{ name: "main", image: "ghcr.io/ameide/platform:1" }] },
      }),
    after: (world) => world.connected.cluster.remove(`/api/v1/namespaces/${world.namespace}/pods/private`),
  },
  "values-equal": {
    strike: async (world) => {
      const shared = "one-token-in-two-slots-0123456789";
      await push(world, { ANTHROPIC_API_KEY: shared, OPENAI_API_KEY: shared });
      const synced = await world.shell("ameide-secrets resync --stack local");
      if (synced.code !== 0) throw new Error(synced.err);
    },
    input: "a-token-of-its-own-0123456789",
    after: (world) =>
      Promise.resolve(world.setValues({ ...world.values, ANTHROPIC_API_KEY: "a-token-of-its-own-0123456789" })),
  },
} as const satisfies Readonly<Record<string, Break>>;

/** New values by the person's own `.env`, into Vault. */
async function push(world: World, values: Readonly<Record<string, string>>): Promise<void> {
  world.setValues({ ...world.values, ...values });
  const pushed = await world.shell("ameide-secrets env push --stack local && ameide-secrets bootstrap run --stack local"); // prettier-ignore
  if (pushed.code !== 0) throw new Error(pushed.err);
}

/** A reviewer's token that has ended, and a store that has met it. */
async function pinReviewer(world: World): Promise<void> {
  await configureReviewer(world, "ey.expired.token");
  const { authMount } = world.connected.stack.vault;
  await world.vault("PUT", `sys/leases/revoke-prefix/auth/${authMount}/login`); // External Secrets keeps its login
  await again(world, stores(world));
  await refused(world, stores(world));
}

async function configureReviewer(world: World, token: string): Promise<void> {
  const config = `auth/${world.connected.stack.vault.authMount}/config`;
  const { data } = await world.vault<{ data: object }>("GET", config);
  await world.vault("POST", config, { ...data, token_reviewer_jwt: token });
}

/** While External Secrets is stopped: it watches its Secrets and could restore one before `doctor` looks. */
function whileStopped(strike: (world: World) => Promise<unknown>): Break {
  return {
    strike: async (world) => {
      world.signal("external-secrets", "SIGSTOP");
      await strike(world);
    },
    before: (world) => Promise.resolve(world.signal("external-secrets", "SIGCONT")),
  };
}

function secret({ namespace }: World, name: string): string {
  return `/api/v1/namespaces/${namespace}/secrets/${name}`;
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

function nowhereCa(world: World, caProvider: object | null): Promise<unknown> {
  return world.connected.cluster.patch(stores(world, "argocd"), { spec: { provider: { vault: { caProvider } } } });
}

function template(world: World, change: object): Promise<unknown> {
  const target = { template: change };
  return world.connected.cluster.patch(externalSecrets(world, "langfuse-secrets-sync"), { spec: { target } });
}

function storeOf(world: World, name: string): Promise<unknown> {
  const path = externalSecrets(world, "langfuse-secrets-sync");
  return world.connected.cluster.patch(path, { spec: { secretStoreRef: { name } } });
}

/** Recreates the same object, without what External Secrets has written into it. */
async function madeAnew({ connected: { cluster } }: World, path: string): Promise<void> {
  const { apiVersion, kind, metadata, spec } = await cluster.get(path);
  const { name, namespace, labels, annotations } = metadata;
  await cluster.remove(path);
  const object = { apiVersion, kind, spec, metadata: { name, namespace, labels, annotations } };
  await cluster.create(path.replace(/\/[^/]+$/, ""), object);
}
