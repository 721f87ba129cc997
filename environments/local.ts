import type { Strictness } from "../domain/plan/environment.ts";

/** Everything on one machine, to be thrown away: nothing is protected, and Vault runs outside the cluster. */
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
