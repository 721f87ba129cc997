import type { Strictness } from "../domain/plan/environment.ts";

/** The rehearsal of production; its Vault holds live values, so it is never initialised automatically. */
export const staging: Strictness = {
  values: "data-plane",
  delivery: "pulumi",
  source: "azure-key-vault",
  initialise: false,
  unseal: "from-secret",
  rootToken: "revoked",
  vaultAuth: "in-cluster",
  fixturesAllowed: false,
  expiredValues: "refuse",
  protect: true,
  admission: "audit",
  refreshIntervalInSeconds: 900,
  bootstrapIntervalInMinutes: 5,
  maxVersions: 10,
  tokenTtlInSeconds: 1200,
  makesNamespaces: false,
};
