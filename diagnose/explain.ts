import { readableReferences } from "../domain/incidents.ts";
import { failuresOf, type Failure, type Observed, type Snapshot } from "./snapshot.ts";
import type { Severity } from "../domain/finding.ts";
import { stages, type Stage } from "../domain/stage.ts";
import { causes, type CauseCode } from "./causes.ts";
import { explainBootstrap } from "./explain/bootstrap.ts";
import { explainConsumers } from "./explain/consumers.ts";
import { explainExternalSecret, explainLeftBehind } from "./explain/external-secret.ts";
import { explainIdentity, explainKeyVault } from "./explain/azure.ts";
import { explainKeycloak, keycloakNames } from "./explain/keycloak.ts";
import { explainSecretStore } from "./explain/secret-store.ts";
import { explainTargetSecret } from "./explain/target-secret.ts";
import { explainVaultSecrets, explainVault } from "./explain/vault.ts";
import {
  deliveriesOf,
  isUnseen,
  reportUnseen,
  type Expectation,
  type Rule,
  type Sighting,
  type View,
} from "./explain/view.ts";
import type { PlannedSecret } from "../domain/plan/environment.ts";
import type { DiagnosedCause, Diagnosis, Hop, SecretDiagnosis } from "./diagnosis.ts";
import { fillCause } from "./fill-names.ts";

/** Bootstrap comes after Vault: the problem of its last run may be over, and only Vault's own state shows that. */
const rules: readonly Rule[] = [
  explainKeyVault,
  explainIdentity,
  explainVault,
  explainBootstrap,
  explainVaultSecrets,
  explainKeycloak,
  explainClusterAccess,
  explainSecretStore,
  explainExternalSecret,
  explainTargetSecret,
  explainConsumers,
  explainLeftBehind,
];

/** Finds the first broken stage of each secret, and the evidence for each cause. Pure. */
export function explain(snapshot: Snapshot, expected: Expectation): Diagnosis {
  const sightings: Sighting[] = [];
  for (const rule of rules) sightings.push(...rule({ snapshot, expected, before: sightings }));
  const found = merged(sightings, expected);
  return {
    environment: snapshot.environment,
    takenAt: snapshot.takenAt,
    tookInMilliseconds: snapshot.tookInMilliseconds,
    causes: found,
    secrets: expected.plan.secrets.map((secret) => hopsOf(secret, found, snapshot, expected)),
    keycloak: keycloakNames(snapshot, expected),
  };
}

function merged(sightings: readonly Sighting[], expected: Expectation): readonly DiagnosedCause[] {
  const { secrets } = expected.plan;
  const found = [...Map.groupBy(sightings, ({ code }) => code)].map(([code, seen]): DiagnosedCause => {
    const { aliases: _, see = [], ...cause } = causes[code];
    const evidence = seen.map(({ where, seen: what }) => ({ where, seen: what }));
    const reached = secrets.filter(({ authority }) => !fromAzure.has(cause.stage) || authority === "external");
    const isOfAll = seen.some((one) => one.secrets === undefined);
    return {
      code,
      ...fillCause(cause, expected, seen[0]),
      fixes: [...new Set(seen.map((one) => fillCause(cause, expected, one).fix))],
      see: readableReferences(see).join(", "),
      page: `docs/runbook.md#${code}`,
      evidence: [...new Map(evidence.map((one) => [`${one.where} ${one.seen}`, one])).values()],
      secrets: isOfAll ? reached.map(({ name }) => name) : [...new Set(seen.flatMap((one) => one.secrets ?? []))],
    };
  });
  return found.toSorted((a, b) => rank(a) - rank(b));
}

/** What vault-bootstrap generates passes neither of these. */
const fromAzure: ReadonlySet<Stage> = new Set(["key-vault", "identity"]);

const severities: readonly Severity[] = ["error", "warning", "note"];

function rank({ severity, stage }: DiagnosedCause): number {
  return severities.indexOf(severity) * stages.length + stages.indexOf(stage);
}

/** Each part of the cluster that could not be read; once, if the whole cluster is out of reach. */
export function explainClusterAccess({ snapshot }: View): readonly Sighting[] {
  const { stores, bootstrap, vault, identity } = snapshot;
  const parts: readonly Observed<unknown>[] = [
    stores,
    snapshot.externalSecrets,
    snapshot.pushSecrets,
    snapshot.warned,
    snapshot.secrets,
    snapshot.serviceAccounts,
    snapshot.pods,
    snapshot.workloads,
    snapshot.clientPatcher,
    ...Object.values(bootstrap),
    vault.tokenReviewers,
    identity.clusterIssuer,
  ];
  const isShut = parts.every((part) => !part.ok && outOfReach.has(part.failure.kind));
  // that one is asked for where a pull secret is delivered, and else well without a question
  const failures = [...failuresOf(...parts, snapshot.pullsElsewhere)];
  const patcherLog = snapshot.clientPatcher.ok ? snapshot.clientPatcher.value.unseenLog : undefined;
  if (patcherLog !== undefined) failures.push(patcherLog);
  const reported = isShut ? failures.slice(0, 1) : failures.filter(isUnseen);
  return reported.map((failure) => reportUnseen(codeOfUnseen(failure.kind), failure));
}

/** A right that is missing, a login that has ended and a server that has too much to do need three different fixes. */
function codeOfUnseen(kind: Failure["kind"]): CauseCode {
  if (kind === "unauthorized") return "cluster-login-refused";
  return kind === "throttled" || kind === "failed" ? "api-server-overloaded" : "cluster-not-readable";
}

const outOfReach: ReadonlySet<Failure["kind"]> = new Set(["not-asked", "unreachable", "unauthorized"]);

function hopsOf(
  secret: PlannedSecret,
  causes: readonly DiagnosedCause[],
  snapshot: Snapshot,
  expected: Expectation,
): SecretDiagnosis {
  const mine = causes.filter(({ secrets }) => secrets.includes(secret.name));
  const hops = stages.slice(1).map((stage): Hop => {
    const here = mine.filter((cause) => cause.stage === stage);
    const cause = here.find(({ severity }) => severity === "error") ?? here[0];
    if (cause === undefined) return { stage, state: plainState(stage, secret, snapshot, expected) };
    return { stage, state: cause.severity === "error" ? "broken" : "warned", code: cause.code };
  });
  const { stage, code } = hops.find(({ state }) => state === "broken") ?? {};
  return { name: secret.name, hops, ...(stage && code && { brokenAt: { stage, code } }) };
}

function plainState(
  stage: Stage,
  { keyVaultName, vaultPath, name }: PlannedSecret,
  snapshot: Snapshot,
  expected: Expectation,
): Hop["state"] {
  const fromAzure = keyVaultName !== undefined && expected.bootstrap.config.source.type === "azure-key-vault";
  const isDelivered = deliveriesOf(expected, name).length > 0;
  switch (stage) {
    case "key-vault":
      return fromAzure ? held(snapshot.keyVault, (one) => one.name === keyVaultName) : "absent";
    case "identity":
      return fromAzure ? seen(snapshot.identity.federatedCredentials, snapshot.identity.roleAssignments) : "absent";
    case "bootstrap":
      return seen(snapshot.bootstrap.status);
    case "vault":
      return held(snapshot.vault.secrets, ({ path, state }) => path === vaultPath && state === "live");
    case "secret-store":
      return isDelivered ? seen(snapshot.stores) : "absent";
    case "external-secret":
      return isDelivered ? seen(snapshot.externalSecrets, snapshot.secrets) : "absent";
    case "dotenv":
      return "unknown";
  }
}

function seen(...parts: readonly Observed<unknown>[]): Hop["state"] {
  return parts.every(({ ok }) => ok) ? "ok" : "unknown";
}

function held<T>(part: Observed<readonly T[]>, is: (one: T) => boolean): Hop["state"] {
  if (!part.ok) return "unknown";
  return part.value.some(is) ? "ok" : "absent";
}
