import { safeLine, wrapped } from "../../domain/safe-text.ts";
import { countsOf, type DiagnosedCause, type Diagnosis } from "../../diagnose/diagnosis.ts";
import type { Snapshot } from "../../diagnose/snapshot.ts";

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
  const { pods } = snapshot.vault;
  if (pods?.ok === true) names.push(`vault: ${pods.value.map(({ name, state }) => `${name} ${state}`).join(", ")}`);
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
  const unproven = unseen === 0 ? "" : `, ${unseen} could not be checked at every stage`;
  const valueless = absent === 0 ? "" : `, ${absent} have no value and do not need one`;
  return `${environment}: ${passing} of ${secrets.length} secrets pass every stage${valueless}${unproven} (${seconds} s, ${calls} calls)`;
}

/** Each of Keycloak's names under what it is, the bad ones first. */
function formatKeycloak(names: Diagnosis["keycloak"]): string {
  const states = ["placeholder", "absent", "unread", "real"] as const;
  const groups = states.flatMap((state) => {
    const of = names.filter((one) => one.state === state).map(({ vaultKey }) => vaultKey);
    const how = state === "unread" ? "not read (--prove reads them)" : state;
    return of.length === 0 ? [] : [`  ${how}: ${of.join(", ")}`];
  });
  return ["keycloak: client secrets in Vault", ...groups].join("\n");
}

function formatCause(found: DiagnosedCause, columns?: number): string {
  const { stage, severity, code, title, symptom, cause, evidence, fixes, mind, seed = [], page, see, secrets } = found;
  const words = (line: string): string => wrapped(safeLine(line), labelled, columns); // it quotes what others wrote
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
    ...fixes.slice(0, evidenceShown).map((fix) => safeLine(`  fix:     ${fix}`)),
    ...(fixes.length > evidenceShown ? [`  fix:     and ${fixes.length - evidenceShown} more like it`] : []),
    ...seed.map((command) => `  by hand: ${command}`),
    ...(mind === undefined ? [] : [words(`  mind:    ${mind}`)]),
    `  more:    ${page}`,
    ...(see === "" ? [] : see.split(", ").map((one) => `  see:     ${one}`)),
  ].join("\n");
}

function cut(names: readonly string[]): string {
  const rest = names.length - namesShown;
  return names.slice(0, namesShown).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}
