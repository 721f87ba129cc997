import type { Strictness } from "../domain/plan/environment.ts";

/** All of it on one machine, made to be thrown away: nothing is protected, and Vault runs beside the cluster. */
export const local: Strictness = {
  values: "state",
  delivery: "pulumi",
  source: "azure-key-vault",
  initialise: true,
  unseal: "from-secret",
  rootToken: "stored",
  vaultAuth: "outside-pod",
  fixturesAllowed: true,
  expiredValues: "warn",
  protect: false,
  admission: "deny",
  refreshIntervalInSeconds: 60,
  bootstrapIntervalInMinutes: 5,
  maxVersions: 5,
  tokenTtlInSeconds: 1200,
  makesNamespaces: true,
};
