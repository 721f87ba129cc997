import type { Lineage } from "../../diagnose/lineage.ts";
import { table } from "../table.ts";

/** What `lineage` prints: one hop a line, `=` where it holds what the hop before holds; then the answer and its repair. */
export function formatLineage({ name, hops, firstDifference, fix, unproven }: Lineage): string {
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
  const same = unproven.length === 0 ? ["every hop holds the same"] : [];
  return [
    name,
    lines,
    ...(firstDifference === undefined ? same : [`first difference: ${firstDifference}`]),
    ...unproven.map((place) => `not compared: ${place}`),
    ...(fix === undefined ? [] : [`  fix: ${fix}`]),
  ].join("\n");
}

/**
 * What `drift` prints: each secret that differs, then, by their reasons, those that could not be compared. "Nothing" is
 * said only where all of them were.
 *
 * @param stack - for the repair.
 */
export function formatDrift(lines: readonly Lineage[], stack: string): string {
  if (lines.length === 0) return "nothing has drifted";
  const differing = lines.filter(({ firstDifference }) => firstDifference !== undefined);
  const unproven = lines.filter(({ firstDifference }) => firstDifference === undefined);
  const reasons = new Set(unproven.flatMap(({ unproven: places }) => places.map(reasonOf)));
  return [
    ...differing.map(formatLineage),
    ...(unproven.length === 0
      ? []
      : [
          [
            `${differing.length === 0 ? "nothing is known to differ, and " : ""}${unproven.length} could not be compared: ${cut(unproven)}`,
            ...[...reasons].map((reason) => `  ${reason}`),
            `  fix: ameide-secrets doctor --prove --stack ${stack}`,
          ].join("\n"),
        ]),
  ].join("\n\n");
}

const namesShown = 6;

function cut(lines: readonly Lineage[]): string {
  const names = lines.map(({ name }) => name);
  const rest = names.length - namesShown;
  return names.slice(0, namesShown).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}

/** `Key Vault ameidekv/ghcr-token: why` -> `Key Vault: why`: the same for all that it keeps from being compared. */
function reasonOf(place: string): string {
  return place.replace(/^(\.env|Key Vault|Vault|Secret) .*?: /, "$1: ");
}
