import { changed, type Example } from "./example.ts";
import { authRole, externalSecret, pullSecret, secretStore } from "./samples.ts";

const vault = ["spec", "provider", "vault"] as const;
const account = [...vault, "auth", "kubernetes", "serviceAccountRef"] as const;
const clusterStore = {
  ...changed(
    secretStore,
    [["kind"], "ClusterSecretStore"],
    [["metadata"], { name: "ameide-vault-workspaces" }],
    [["spec", "conditions"], [{ namespaceSelector: { matchLabels: { "ameide.io/workspace": "true" } } }]],
  ),
  type: "kubernetes:external-secrets.io/v1:ClusterSecretStore",
};

/** Logs in as the reader of one namespace, and serves that namespace only. */
const borrowing = changed(
  clusterStore,
  [[...account, "namespace"], "ameide-prod"],
  [["spec", "conditions"], [{ namespaces: ["ameide-prod"] }]],
);

export const storeExamples: readonly Example[] = [
  {
    rule: "store-provider",
    allowed: secretStore,
    refused: changed(secretStore, [
      ["spec", "provider"],
      { azurekv: { vaultUrl: "https://ameidekv.vault.azure.net" } },
    ]),
    says: 'reads from "azurekv"; set vault',
    absent: changed(secretStore, [["spec", "provider"], undefined]),
    absentSays: "has no provider; set vault",
    unknown: ["spec", "provider"],
  },
  {
    rule: "store-same-environment",
    allowed: secretStore,
    refused: changed(secretStore, [[...vault, "server"], "http://vault-core-dev.ameide-dev.svc.cluster.local:8200"]),
    says: "reads from the Vault of dev; set that of prod",
    absent: changed(secretStore, [[...vault, "server"], undefined]),
    absentSays: "has no server; set the environment's Vault",
    unknown: [...vault, "server"],
  },
  {
    rule: "store-account",
    allowed: secretStore,
    refused: changed(secretStore, [[...account, "name"], "default"]),
    says: 'logs in as "default"; name its own account',
    absent: changed(secretStore, [[...vault, "auth"], undefined]),
    absentSays: "has no ServiceAccount to log in with; set serviceAccountRef.name",
    unknown: [...account, "name"],
  },
  {
    rule: "store-vault-engine",
    allowed: secretStore,
    refused: changed(secretStore, [[...vault, "version"], "v1"]),
    says: 'version is "v1": the mount is KV version 2; set v2',
    absent: changed(secretStore, [[...vault, "version"], undefined]),
    absentIsFine: "External Secrets' default is v2",
    unknown: [...vault, "version"],
  },
  {
    rule: "store-cluster-conditions",
    allowed: clusterStore,
    refused: changed(clusterStore, [["spec", "conditions"], [{ namespaceRegexes: [".*"] }]]),
    says: 'its condition ".*" matches every namespace',
    absent: changed(clusterStore, [["spec", "conditions"], undefined]),
    absentSays: "has no conditions; name its namespaces",
    unknown: ["spec", "conditions"],
  },
  {
    rule: "store-borrowed-account",
    allowed: borrowing,
    refused: changed(borrowing, [
      ["spec", "conditions"],
      [{ namespaces: ["ameide-prod"] }, { namespaces: ["previews"] }],
    ]),
    says: 'lets other namespaces log in as "ameide-prod/ameide-vault-reader"',
    absent: changed(borrowing, [["spec", "conditions"], undefined]),
    absentSays: 'lets other namespaces log in as "ameide-prod/ameide-vault-reader"',
    unknown: ["spec", "conditions", 0, "namespaces", 0],
  },
  {
    rule: "store-role-covers",
    beside: [authRole],
    allowed: secretStore,
    refused: changed(secretStore, [["metadata", "namespace"], "argocd"]),
    says: 'logs in as argocd/ameide-vault-reader, which is not bound in the role "ameide-secrets-reader-ameide-prod"',
    absent: changed(secretStore, [[...account, "name"], undefined]),
    absentSays: 'logs in as ameide-prod/, which is not bound in the role "ameide-secrets-reader-ameide-prod"',
    unknown: [...account, "name"],
  },
  {
    rule: "store-for-namespace",
    beside: [secretStore],
    allowed: externalSecret,
    refused: changed(externalSecret, [["metadata", "namespace"], "ameide-system"]),
    says: 'reads from the store "ameide-system/ameide-vault", which nothing here creates',
    absent: changed(externalSecret, [["spec", "secretStoreRef"], undefined]),
    absentSays: 'reads from the store "ameide-prod/", which nothing here creates',
    unknown: ["metadata", "namespace"],
  },
  {
    rule: "store-pull-secret",
    beside: [pullSecret],
    allowed: secretStore,
    refused: changed(secretStore, [["metadata", "namespace"], "clickhouse-system"]),
    says: "its namespace gets no pull secret",
    absent: externalSecret,
    absentIsFine: "a namespace without a store receives nothing",
    unknown: ["metadata", "namespace"],
  },
];
