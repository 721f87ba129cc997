import type { Stage } from "../domain/stage.ts";
import type { Cause, CauseCode } from "./causes.ts";

/** One cause with all that speaks for it, and with this environment's names in its commands. */
export interface DiagnosedCause extends Omit<Cause, "aliases" | "fixInLocal" | "see"> {
  readonly code: CauseCode;
  /** The fix of each broken place, `fix` first; one if it fixes all. */
  readonly fixes: readonly string[];
  /** Incidents and issues of other projects to read on, separated by commas; empty where there is none. */
  readonly see: string;
  /** Its heading in the runbook. */
  readonly page: string;
  readonly evidence: readonly { readonly where: string; readonly seen: string }[];
  /** Secrets of the catalogue that it breaks; every one where the environment as a whole is. */
  readonly secrets: readonly string[];
}

/** Result of `doctor`, as `--json` prints it. */
export interface Diagnosis {
  readonly environment: string;
  readonly takenAt: string;
  readonly tookInMilliseconds: number;
  /** In the order of the chain, errors before warnings: the first is where to begin. */
  readonly causes: readonly DiagnosedCause[];
  readonly secrets: readonly SecretDiagnosis[];
  /** Keycloak's client secrets, which are outside this pipeline but in the same Vault; empty if there are none. */
  readonly keycloak: readonly KeycloakName[];
}

/** What the client-patcher wrote for one client. `unread`: its value could not be read. */
export interface KeycloakName {
  readonly clientId: string;
  readonly vaultKey: string;
  readonly state: "real" | "placeholder" | "absent" | "unread";
}

/** One step of one secret. `unknown`: it could not be read; `absent`: there is nothing, and nothing is needed. */
export interface Hop {
  readonly stage: Stage;
  readonly state: "ok" | "broken" | "warned" | "unknown" | "absent";
  /** The cause that breaks or warns, for `broken` and `warned`. */
  readonly code?: CauseCode;
}

export interface SecretDiagnosis {
  readonly name: string;
  /** In the order of the pipeline, from Key Vault on; `.env` is on a workstation and is not read. */
  readonly hops: readonly Hop[];
  readonly brokenAt?: { readonly stage: Stage; readonly code: CauseCode };
}

/** Whether nothing is broken, and no secret's stage was left unseen: what was not seen is not proven. */
export function isWhole({ causes, secrets }: Pick<Diagnosis, "causes" | "secrets">): boolean {
  return !causes.some(({ severity }) => severity === "error") && countsOf(secrets).unseen === 0;
}

/** How many secrets pass every stage. One with an unread stage, or without a value in Vault, does not pass. */
export function countsOf(secrets: readonly SecretDiagnosis[]) {
  const counts = { passing: 0, broken: 0, unseen: 0, absent: 0 };
  for (const secret of secrets) counts[outcomeOf(secret)] += 1;
  return counts;
}

function outcomeOf({ brokenAt, hops }: SecretDiagnosis) {
  if (brokenAt !== undefined) return "broken";
  if (hops.some(({ state }) => state === "unknown")) return "unseen";
  return hops.some(({ stage, state }) => stage === "vault" && state === "absent") ? "absent" : "passing";
}
