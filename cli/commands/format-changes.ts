import { formatFinding, type Finding } from "../../domain/finding.ts";
import { stages } from "../../domain/stage.ts";
import { isUndecided } from "../../policies/pack/engine-message.ts";
import { countChanges, objectsOf, type Change } from "../deploy/engine/change.ts";
import { listed } from "../table.ts";

/** Objects shown of one stage after an update; a preview shows all of them. */
const shownAfterUpdate = 6;

/** What an update would change, or has changed, by stage. */
export function formatChanges(changes: readonly Change[], tense: "planned" | "done"): string {
  const isPlan = tense === "planned";
  const objects = objectsOf(changes);
  if (objects.length === 0) return countChanges(changes, tense);
  const most = isPlan ? Infinity : shownAfterUpdate;
  return [
    `${countChanges(changes, tense)}:`,
    ...stages.flatMap((stage) => {
      const own = objects.filter((change) => change.stage === stage);
      const more = own.length > most ? [`    and ${own.length - most} more`] : [];
      return own.length === 0 ? [] : [`  ${stage}`, ...own.map(formatChange).toSorted().slice(0, most), ...more];
    }),
  ].join("\n");
}

function formatChange({ operation, type, name, object, differs }: Change): string {
  const what = differs.length === 0 ? "" : ` (${differs.slice(0, 4).join(", ")})`;
  return `    ${operation} ${type.split(/[:/]/).at(-1)} ${object ?? name}${what}`;
}

/** The findings that do not stop a stack; what the rules leave to the update is one line. */
export function formatAdvisories(findings: readonly Finding[]): string {
  const waiting = [...new Set(findings.filter(isUndecided).map(({ subject }) => subject))];
  return [
    ...findings.filter((finding) => !isUndecided(finding)).map(formatFinding),
    ...(waiting.length === 0
      ? []
      : [
          `note: a value is not known yet, so the rules judge at the update, before it creates them: ${listed(waiting)}`,
        ]),
  ].join("\n");
}
