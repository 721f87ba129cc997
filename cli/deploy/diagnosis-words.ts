import { countsOf, type DiagnosedCause, type Diagnosis } from "../../diagnose/diagnosis.ts";
import type { Lineage } from "../../diagnose/lineage.ts";
import type { ResyncResult } from "../../diagnose/resync.ts";
import type { Validation } from "../../diagnose/validate.ts";
import { unseenWords, type Uses } from "../../diagnose/who-uses.ts";
import type { Snapshot } from "../../domain/snapshot.ts";
import { table } from "../table.ts";

/** Evidence shown of one cause; all of it is in `--json`. */
const evidenceShown = 5;
/** Names shown of one cause. */
const namesShown = 6;

/** What `doctor` prints: causes in the order of the chain, then one line of counts. */
export function formatDiagnosis({ environment, causes, secrets }: Diagnosis, snapshot: Snapshot): string {
  const { passing, unseen } = countsOf(secrets);
  const seconds = (snapshot.tookInMilliseconds / 1000).toFixed(1);
  const calls = Object.values(snapshot.calls).reduce((sum, count) => sum + count, 0);
  const unproven = unseen === 0 ? "" : `, ${unseen} could not be seen at every stage`;
  const closing = `${environment}: ${passing} of ${secrets.length} secrets pass every stage${unproven}; looked ${seconds} s, ${calls} calls`;
  return [...causes.map(formatCause), closing].join("\n\n");
}

function formatCause({
  stage,
  severity,
  code,
  title,
  symptom,
  cause,
  evidence,
  fix,
  mind,
  page,
  secrets,
}: DiagnosedCause): string {
  const shown = evidence.slice(0, evidenceShown).map(({ where, seen }) => `  seen:    ${where}: ${seen}`);
  const more =
    evidence.length > evidenceShown ? [`  seen:    and ${evidence.length - evidenceShown} more like it`] : [];
  return [
    `${stage}: ${severity === "error" ? "" : `${severity}: `}${title} [${code}]`,
    `  symptom: ${symptom}`,
    ...shown,
    ...more,
    `  cause:   ${cause}`,
    ...(secrets.length === 0 ? [] : [`  breaks:  ${cut(secrets)}`]),
    `  fix:     ${fix}`,
    ...(mind === undefined ? [] : [`  mind:    ${mind}`]),
    `  more:    ${page}`,
  ].join("\n");
}

function cut(names: readonly string[]): string {
  const rest = names.length - namesShown;
  return names.slice(0, namesShown).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}

/** What `validate` prints: the seed's five checks, each with what it looked at. */
export function formatValidation({ checks, environment, ok }: Validation): string {
  const blocks = checks.map(({ number, title, items }) => {
    const bad = items.filter(({ state }) => state === "failed" || state === "unknown");
    const heading = `${number}. ${title}: ${bad.length === 0 ? "ok" : `${bad.length} of ${items.length} not`}`;
    return `${heading}\n${table(
      ["", "SUBJECT", "FOUND"],
      items.map(({ state, subject, note }) => [state, subject, note]),
    )}`;
  });
  return [
    ...blocks,
    `${environment}: ${ok ? "all five checks hold" : "not valid: begin with the first that fails"}`,
  ].join("\n\n");
}

/** What `lineage` prints: one hop a line, `=` where it holds what the hop before holds. */
export function formatLineage({ name, hops, firstDifference }: Lineage): string {
  const rows = hops.map(({ stage, place, state, version, changedAt, writer, sameAsBefore, note }) => [
    sameAsBefore === undefined ? " " : sameAsBefore ? "=" : "≠",
    stage,
    place,
    state,
    version ?? "-",
    changedAt ?? "-",
    writer ?? note ?? "-",
  ]);
  const lines = table(["", "STAGE", "PLACE", "STATE", "VERSION", "CHANGED", "BY"], rows);
  return `${name}\n${lines}\n${firstDifference === undefined ? "every hop that could be read holds the same" : `first difference: ${firstDifference}`}`;
}

/** What `resync` prints: "no Secret changed" only where all of them were seen. */
export function formatResync({ notReady, changed, unseen }: ResyncResult): string {
  const none = unseen.length === 0 ? ["no Secret changed"] : [];
  return [
    ...notReady.map(({ object, message }) => `not ready: ${object}: ${message}`),
    ...(changed.length === 0 ? none : [`changed: ${changed.join(", ")}`]),
    ...unseen.map((failure) => `whether a Secret changed ${unseenWords(failure)}`),
  ].join("\n");
}

/** What `who-uses` prints: "no workload" only where all of them were seen. */
export function formatUses(name: string, { uses, unseen }: Uses): string {
  if (uses.length === 0) return `${name}: nothing of this environment is delivered from it`;
  const none = unseen.length === 0 ? "  no workload reads it" : "  what reads it is unknown";
  const blocks = uses.map(({ namespace, secret, externalSecret, keys, serviceAccounts, consumers }) => {
    const rows = consumers.map(({ workload, by, afterChange }) => [workload, by.join(", "), afterChange]);
    return [
      `${namespace}/${secret} (${externalSecret}): ${keys.join(", ")}`,
      ...(serviceAccounts.length === 0 ? [] : [`  pulled with by: ${serviceAccounts.join(", ")}`]),
      rows.length === 0 ? none : table(["WORKLOAD", "BY", "AFTER A CHANGE"], rows),
    ].join("\n");
  });
  return [...blocks, ...unseen.map(unseenWords)].join("\n\n");
}
