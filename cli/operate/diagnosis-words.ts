import { countsOf, type DiagnosedCause, type Diagnosis } from "../../diagnose/diagnosis.ts";
import type { Validation } from "../../diagnose/validate.ts";
import { unseenWords, type Uses } from "../../diagnose/who-uses.ts";
import type { Snapshot } from "../../diagnose/snapshot.ts";
import { table } from "../table.ts";
import { wrapped } from "../wrapped.ts";

/** Evidence shown of one cause; all of it is in `--json`. */
const evidenceShown = 5;
/** Columns of a line's label. */
const labelled = 11;
/** Names shown of one cause. */
const namesShown = 6;

/**
 * What `doctor` prints: causes in the order of the chain, then one line of counts.
 *
 * @param columns - of the terminal: words are wrapped there, commands are not, so that they can be copied.
 */
export function formatDiagnosis(diagnosis: Diagnosis, snapshot: Snapshot, columns?: number): string {
  const { causes, keycloak } = diagnosis;
  const names = keycloak.length === 0 ? [] : [formatKeycloak(keycloak)];
  return [...causes.map((cause) => formatCause(cause, columns)), ...names, formatClosing(diagnosis, snapshot)].join(
    "\n\n",
  );
}

/** The line of counts alone. */
export function formatClosing(
  { environment, secrets }: Diagnosis,
  { tookInMilliseconds, calls: made }: Snapshot,
): string {
  const { passing, unseen, absent } = countsOf(secrets);
  const seconds = (tookInMilliseconds / 1000).toFixed(1);
  const calls = Object.values(made).reduce((sum, count) => sum + count, 0);
  const unproven = unseen === 0 ? "" : `, ${unseen} could not be seen at every stage`;
  const valueless = absent === 0 ? "" : `, ${absent} have no value yet and need none`;
  return `${environment}: ${passing} of ${secrets.length} secrets pass every stage${valueless}${unproven}; looked ${seconds} s, ${calls} calls`;
}

/** Each of Keycloak's names under what it is, the bad ones first. */
function formatKeycloak(names: Diagnosis["keycloak"]): string {
  const states = ["placeholder", "absent", "unread", "real"] as const;
  const groups = states.flatMap((state) => {
    const of = names.filter((one) => one.state === state).map(({ vaultKey }) => vaultKey);
    const how = state === "unread" ? "unread (--prove reads them)" : state;
    return of.length === 0 ? [] : [`  ${how}: ${of.join(", ")}`];
  });
  return ["keycloak: client secrets in Vault", ...groups].join("\n");
}

function formatCause(found: DiagnosedCause, columns?: number): string {
  const { stage, severity, code, title, symptom, cause, evidence, fixes, mind, seed = [], page, see, secrets } = found;
  const words = (line: string): string => wrapped(line, labelled, columns);
  const seen = evidence.slice(0, evidenceShown).map(({ where, seen: what }) => words(`  seen:    ${where}: ${what}`));
  const more =
    evidence.length > evidenceShown ? [`  seen:    and ${evidence.length - evidenceShown} more like it`] : [];
  return [
    `${stage}: ${severity === "error" ? "" : `${severity}: `}${title} [${code}]`,
    words(`  symptom: ${symptom}`),
    ...seen,
    ...more,
    words(`  cause:   ${cause}`),
    ...(secrets.length === 0 ? [] : [words(`  breaks:  ${cut(secrets)}`)]),
    ...fixes.slice(0, evidenceShown).map((fix) => `  fix:     ${fix}`),
    ...(fixes.length > evidenceShown ? [`  fix:     and ${fixes.length - evidenceShown} more like it`] : []),
    ...seed.map((command) => `  by hand: ${command}`),
    ...(mind === undefined ? [] : [words(`  mind:    ${mind}`)]),
    `  more:    ${page}`,
    `  see:     ${see}`,
  ].join("\n");
}

function cut(names: readonly string[]): string {
  const rest = names.length - namesShown;
  return names.slice(0, namesShown).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}

/** What `validate` prints: the seed's five checks, each with what it looked at, and in the end where to begin. */
export function formatValidation({ checks, environment, ok }: Validation): string {
  const isBad = ({ state }: { readonly state: string }): boolean => state === "failed" || state === "unknown";
  const first = checks.find(({ items }) => items.some(isBad));
  const item = first?.items.find(isBad);
  const blocks = checks.map(({ number, title, items }) => {
    const bad = items.filter(isBad);
    const heading = `${number}. ${title}: ${bad.length === 0 ? "ok" : `${bad.length} of ${items.length} not`}`;
    return `${heading}\n${table(
      ["", "SUBJECT", "FOUND"],
      items.map(({ state, subject, note }) => [state, subject, note]),
    )}`;
  });
  return [
    ...blocks,
    ok || first === undefined || item === undefined
      ? `${environment}: all five checks hold`
      : `${environment}: not valid; begin with check ${first.number}, ${item.subject}: ${item.note}\n  fix: ameide-secrets doctor --stack ${environment}`,
  ].join("\n\n");
}

/** What `who-uses` prints: "no workload" only where all of them were seen. */
export function formatUses(name: string, { uses, unseen }: Uses): string {
  if (uses.length === 0 && unseen.length === 0) return `${name}: nothing of this environment is delivered from it`;
  const none = unseen.length === 0 ? "  no workload reads it" : "  what reads it is unknown";
  const blocks = uses.map(({ namespace, secret, externalSecret, keys, isOurs, serviceAccounts, consumers }) => {
    const rows = consumers.map(({ workload, by, afterChange }) => [workload, by.join(", "), afterChange]);
    return [
      isOurs
        ? `${namespace}/${secret} (${externalSecret}): ${keys.join(", ")}`
        : `${namespace}/${secret} (${externalSecret}, made by another)`,
      ...(serviceAccounts.length === 0 ? [] : [`  pulled with by: ${serviceAccounts.join(", ")}`]),
      rows.length === 0 ? none : table(["WORKLOAD", "BY", "AFTER A CHANGE"], rows),
    ].join("\n");
  });
  return [...blocks, ...unseen.map((failure) => `${name}: ${unseenWords(failure)}`)].join("\n\n");
}
