import type { Strictness } from "../domain/plan/environment.ts";

/** Where changes are tried first: as strict as production, except for fixtures and for a Vault that may be initialised again. */
export const dev: Strictness = {
  values: "data-plane",
  delivery: "pulumi",
  source: "azure-key-vault",
  initialise: true,
  unseal: "from-secret",
  rootToken: "stored",
  vaultAuth: "in-cluster",
  fixturesAllowed: true,
  expiredValues: "warn",
  protect: true,
  admission: "warn",
  refreshIntervalInSeconds: 300,
  bootstrapIntervalInMinutes: 5,
  maxVersions: 10,
  tokenTtlInSeconds: 1200,
  makesNamespaces: false,
};
