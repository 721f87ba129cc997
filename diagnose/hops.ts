import type { Observed, Snapshot } from "./snapshot.ts";
import type { PlannedSecret } from "../domain/plan/environment.ts";
import { stages, type Stage } from "../domain/stage.ts";
import type { DiagnosedCause, Hop, SecretDiagnosis } from "./diagnosis.ts";
import { deliveriesOf, type Expectation } from "./explain/view.ts";

/** The state of every step of one secret, from the diagnosis and from what could be read. */
export function hopsOf(
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
