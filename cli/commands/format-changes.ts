import { formatFinding } from "../../domain/finding.ts";
import { stages } from "../../domain/stage.ts";
import type { Change } from "../deploy/engine/run-log.ts";
import { table } from "../table.ts";
import type { OfflinePreview } from "../deploy/offline-preview.ts";

/** What this run changed, by stage; one line each, a long stage cut. */
export function formatChanges(changes: readonly Change[]): string {
  if (changes.length === 0) return "nothing changed";
  const shown = 6;
  const stages = Map.groupBy(changes, ({ stage }) => stage);
  const lines = [...stages].flatMap(([stage, of]) => [
    ...of.slice(0, shown).map(({ operation, name, differs }) => {
      const what = operation === "update" && differs.length > 0 ? ` (${differs.slice(0, 3).join(", ")})` : "";
      return `  ${stage}: ${operation} ${name}${what}`;
    }),
    ...(of.length > shown ? [`  ${stage}: and ${of.length - shown} more`] : []),
  ]);
  return `${changes.length} changed:\n${lines.join("\n")}`;
}

/** The plan of one stack by stage, and the verdicts of the rules that do not stop it. */
export function formatPreview({ stack, result, plan }: OfflinePreview): string {
  const { changes, advisories } = result;
  const rows = stages.flatMap((stage) => changes.filter((change) => change.stage === stage).map(row));
  const findings = [...plan.findings, ...advisories].map(formatFinding);
  return [
    `stack ${stack}: ${changes.length === 0 ? "nothing to change" : summary(changes)}`,
    ...(rows.length === 0 ? [] : ["", table(["STAGE", "CHANGE", "KIND", "NAME"], rows)]),
    ...(findings.length === 0 ? [] : ["", ...findings]),
  ].join("\n");
}

function row({ stage, operation, type, name, object, differs }: Change): readonly string[] {
  const what = operation === "update" || operation === "replace" ? ` (${differs.slice(0, 4).join(", ")})` : "";
  return [stage, operation, type.split(/[:/]/).at(-1) ?? type, `${object ?? name}${what}`];
}

function summary(changes: readonly Change[]): string {
  const counts = Map.groupBy(changes, ({ operation }) => operation);
  return [...counts].map(([operation, of]) => `${of.length} to ${operation}`).join(", ");
}
