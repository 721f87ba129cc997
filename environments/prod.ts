import type { Strictness } from "../domain/plan/environment.ts";

/**
 * Live. Its Vault unseals by a key service: the unseal key must not be stored next to the data that it protects.
 * `admission` goes to `deny` once `ameide-secrets guard --stack prod` finds nothing there.
 */
export const prod: Strictness = {
  values: "data-plane",
  delivery: "pulumi",
  source: "azure-key-vault",
  initialise: false,
  unseal: "kms",
  rootToken: "revoked",
  vaultAuth: "in-cluster",
  fixturesAllowed: false,
  expiredValues: "refuse",
  protect: true,
  admission: "audit",
  refreshIntervalInSeconds: 900,
  bootstrapIntervalInMinutes: 5,
  maxVersions: 20,
  tokenTtlInSeconds: 1200,
  makesNamespaces: false,
};
