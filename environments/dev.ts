import type { Strictness } from "../domain/plan/environment.ts";
import { staging } from "./staging.ts";

/** Where changes are tried first: as staging, except for fixtures and for a Vault that may be initialised again. */
export const dev: Strictness = {
  ...staging,
  initialise: true,
  rootToken: "stored",
  fixturesAllowed: true,
  expiredValues: "warn",
  admission: "warn",
  refreshIntervalInSeconds: 300,
};
