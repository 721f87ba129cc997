import type { Failure, Observed } from "../snapshot.ts";
import { isUnseen, type Rule } from "./view.ts";

/**
 * Each part of the cluster that could not be looked at, with the right that is missing or the server's words; where the
 * cluster is out of reach as a whole, that once. What is not there or malformed is for the rules of its stage.
 */
export const explainClusterAccess: Rule = ({ snapshot }) => {
  const { stores, bootstrap, vault, identity } = snapshot;
  const parts: readonly Observed<unknown>[] = [
    stores,
    snapshot.externalSecrets,
    snapshot.warned,
    snapshot.secrets,
    snapshot.serviceAccounts,
    snapshot.pods,
    snapshot.workloads,
    snapshot.clientPatcher,
    bootstrap.cronJob,
    bootstrap.jobs,
    bootstrap.status,
    bootstrap.log,
    bootstrap.credentialsSecret,
    vault.tokenReviewers,
    identity.clusterIssuer,
  ];
  const isShut = parts.every((part) => !part.ok && isOutOfReach(part.failure));
  // that one is asked for where a pull secret is delivered, and else well without a question
  const failures = [...parts, snapshot.pullsElsewhere].filter((part) => !part.ok).map(({ failure }) => failure);
  const patcherLog = snapshot.clientPatcher.ok ? snapshot.clientPatcher.value.unseenLog : undefined;
  if (patcherLog !== undefined) failures.push(patcherLog);
  const told = isShut ? failures.slice(0, 1) : failures.filter(isUnseen);
  // unseen, not broken: no secret is named
  return told.map(({ asked, message }) => ({ code: "cluster-not-readable", where: asked, seen: message, secrets: [] }));
};

function isOutOfReach({ kind }: Failure): boolean {
  return kind === "not-asked" || kind === "unreachable";
}
