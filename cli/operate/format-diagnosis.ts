import { safeLine } from "../../domain/safe-text.ts";
import { listed } from "../table.ts";
import { countsOf, type DiagnosedCause, type Diagnosis } from "../../diagnose/diagnosis.ts";
import type { Snapshot } from "../../diagnose/snapshot.ts";

/** Evidence and fixes shown of one cause; all of them are in `--json`. */
const shown = 5;

/** What `doctor` prints: causes in the order of the pipeline, then one line of counts. */
export function formatDiagnosis(diagnosis: Diagnosis, snapshot: Snapshot): string {
  const { causes, keycloak } = diagnosis;
  const names = keycloak.length === 0 ? [] : [formatKeycloak(keycloak)];
  const { pods } = snapshot.vault;
  if (pods?.ok === true) names.push(`vault: ${pods.value.map(({ name, state }) => `${name} ${state}`).join(", ")}`);
  return [...causes.map(formatCause), ...names, formatClosing(diagnosis, snapshot)].join("\n\n");
}

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

function formatKeycloak(names: Diagnosis["keycloak"]): string {
  const states = ["placeholder", "absent", "unread", "real"] as const;
  const groups = states.flatMap((state) => {
    const keys = names.filter((one) => one.state === state).map(({ vaultKey }) => vaultKey);
    const how = state === "unread" ? "not read (--prove reads them)" : state;
    return keys.length === 0 ? [] : [`  ${how}: ${keys.join(", ")}`];
  });
  return ["keycloak: client secrets in Vault", ...groups].join("\n");
}

function formatCause(found: DiagnosedCause): string {
  const { stage, severity, code, title, symptom, cause, evidence, fixes, mind, seed = [], page, see, secrets } = found;
  const lines: readonly (readonly [label: string, texts: readonly string[]])[] = [
    ["symptom", [symptom]],
    ["seen", firstOf(evidence.map(({ where, seen }) => `${where}: ${seen}`))],
    ["cause", [cause]],
    ["breaks", secrets.length === 0 ? [] : [listed(secrets)]],
    ["fix", firstOf(fixes)],
    ["by hand", seed],
    ["mind", mind === undefined ? [] : [mind]],
    ["more", [page]],
    ["see", see === "" ? [] : see.split(", ")],
  ];
  return [
    `${stage}: ${severity === "error" ? "" : `${severity}: `}${title} [${code}]`,
    // it quotes what others wrote
    ...lines.flatMap(([label, texts]) => texts.map((text) => safeLine(`  ${`${label}:`.padEnd(8)} ${text}`))),
  ].join("\n");
}

function firstOf(texts: readonly string[]): readonly string[] {
  const rest = texts.length - shown;
  return [...texts.slice(0, shown), ...(rest > 0 ? [`and ${rest} more like it`] : [])];
}
