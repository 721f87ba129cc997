import { causeCodes, causes } from "../../diagnose/causes.ts";
import { incidentAnchor, incidents, type IncidentId } from "../../domain/incidents.ts";
import { rules } from "../../policies/rules.ts";
import { incidentFacts, testsOf } from "./incident-facts.ts";
import { plain, table, type Page } from "../page.ts";

export const incidentsPage: Page = { path: "docs/incidents.md", render };

const all = Object.keys(incidents) as readonly IncidentId[];

function render(): string {
  const outOfScope = all.filter((id) => incidentFacts[id].outOfScope !== undefined);
  const rows = all.map((id) => [
    `[${incidents[id]}](#${incidentAnchor(id)})`,
    plain(incidentFacts[id].damage),
    incidentFacts[id].outOfScope === undefined ? shortly(id) : "out of scope",
  ]);
  return `# Incidents

For platform engineers who want to know why a rule or a check exists. These ${all.length} incidents happened on the platform that this
program was written for. Each has what broke, why, what prevents or reports it now, and the test that shows it. ${outOfScope.length} are out of scope.

${table(["incident", "damage", "prevented or reported by"], rows)}

${all.map(section).join("\n\n")}

This page is generated from \`docs/pages/incident-facts.ts\`, the rules and the causes: edit there.
`;
}

function rulesOf(id: IncidentId) {
  return rules.filter(({ references }) => references.includes(id)).map((rule) => rule.id);
}

function causesOf(id: IncidentId) {
  return causeCodes.filter((code) => (causes[code].see ?? []).includes(id));
}

function shortly(id: IncidentId): string {
  const counted = (count: number, noun: string, plural = `${noun}s`): readonly string[] =>
    count === 0 ? [] : [`${count} ${count === 1 ? noun : plural}`];
  return [
    counted(rulesOf(id).length, "rule"),
    counted(causesOf(id).length, "cause of doctor", "causes of doctor"),
    counted(incidentFacts[id].stops?.length ?? 0, "other check"),
  ].flat().join(", ");
}

function section(id: IncidentId): string {
  const { damage, cause, stops = [], outOfScope } = incidentFacts[id];
  const named = [
    ...rulesOf(id).map((rule) => `the rule [\`${rule}\`](policies.md#${rule})`),
    ...causesOf(id).map((code) => `\`doctor\` reports it: [\`${code}\`](runbook.md#${code})`),
    ...stops.map(plain),
  ];
  return [
    `## ${incidents[id]}`,
    "",
    `- What broke: ${plain(damage)}.`,
    `- Why: ${plain(cause)}.`,
    ...(outOfScope === undefined ? [] : [`- Out of scope: ${plain(outOfScope)}.`]),
    ...named.map((text) => `- Now: ${text}.`),
    ...[...new Set(testsOf(id).map(([file]) => file))].map((file) => `- Shown by: [\`${file}\`](../${file}).`),
  ].join("\n");
}
