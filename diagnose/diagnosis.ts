import type { Severity } from "../domain/finding.ts";
import type { Stage } from "../domain/stage.ts";
import type { CauseCode } from "./causes.ts";

/** One cause with all that speaks for it. */
export interface DiagnosedCause {
  readonly code: CauseCode;
  readonly stage: Stage;
  readonly severity: Severity;
  readonly title: string;
  readonly symptom: string;
  readonly cause: string;
  /** The repair, with this place's names in it. */
  readonly fix: string;
  /** The fix of each broken place, this one first; one fix if it fixes all. */
  readonly fixes: readonly string[];
  readonly mind?: string;
  /** The seed's own commands, for those who work by hand. */
  readonly seed?: readonly string[];
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

/** What the client-patcher made of one client. `unread`: it is there, or may be, and its value was not looked at. */
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
  /** The first broken one. */
  readonly brokenAt?: { readonly stage: Stage; readonly code: CauseCode };
}

/** Whether nothing is broken, and no secret's stage was left unseen: what was not seen is not proven. */
export function isWhole({ causes, secrets }: Pick<Diagnosis, "causes" | "secrets">): boolean {
  return !causes.some(({ severity }) => severity === "error") && countsOf(secrets).unseen === 0;
}

/**
 * How many of the secrets pass every stage. One with a stage that could not be looked at is not proven to pass it, and one
 * that Vault holds nothing of, as it need not, passes none.
 */
export function countsOf(secrets: readonly SecretDiagnosis[]): {
  readonly passing: number;
  readonly broken: number;
  readonly unseen: number;
  readonly absent: number;
} {
  const broken = secrets.filter(({ brokenAt }) => brokenAt !== undefined).length;
  const isUnseen = ({ brokenAt, hops }: SecretDiagnosis): boolean =>
    brokenAt === undefined && hops.some(({ state }) => state === "unknown");
  const unseen = secrets.filter(isUnseen).length;
  const isAbsent = (one: SecretDiagnosis): boolean =>
    one.brokenAt === undefined &&
    !isUnseen(one) &&
    one.hops.some(({ stage, state }) => stage === "vault" && state === "absent");
  const absent = secrets.filter(isAbsent).length;
  return { passing: secrets.length - broken - unseen - absent, broken, unseen, absent };
}
