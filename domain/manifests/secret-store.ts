import type { EnvironmentStack, VaultCa } from "../plan/environment.ts";
import type { PlannedStore } from "../plan.ts";
import { ourLabels } from "./marks.ts";

/** The store's own account: on `default`, any pod of the namespace could take the store's role. */
export function readerServiceAccount(store: PlannedStore) {
  return {
    apiVersion: "v1" as const,
    kind: "ServiceAccount" as const,
    metadata: { name: store.serviceAccount, namespace: store.namespace, labels: ourLabels },
    automountServiceAccountToken: false,
  };
}

/** The way of one namespace to the environment's Vault. A `serviceAccountRef` with a namespace is refused by ESO here. */
export function secretStore(store: PlannedStore, { vault }: Pick<EnvironmentStack, "vault">) {
  return {
    apiVersion: "external-secrets.io/v1" as const,
    kind: "SecretStore" as const,
    metadata: { name: store.name, namespace: store.namespace, labels: ourLabels },
    spec: {
      provider: {
        vault: {
          server: vault.address,
          ...(vault.namespace === undefined ? {} : { namespace: vault.namespace }),
          ...caOf(vault.podCa),
          path: vault.mount,
          version: "v2",
          auth: {
            kubernetes: {
              mountPath: vault.authMount,
              role: store.role,
              serviceAccountRef: { name: store.serviceAccount },
            },
          },
        },
      },
      retrySettings: { maxRetries: 3, retryInterval: "5s" },
    },
  };
}

/** External Secrets reads a `caProvider` from the store's own namespace; `caBundle` is base64 of PEM. */
function caOf(ca: VaultCa | undefined) {
  if (ca === undefined) return {};
  if ("pem" in ca) return { caBundle: Buffer.from(ca.pem, "utf8").toString("base64") };
  return { caProvider: { type: ca.kind, name: ca.name, key: ca.key } };
}
