import { stringify } from "yaml";
import { examples } from "../../tests/policies/examples/all.ts";
import type { Example, Sample } from "../../tests/policies/examples/example.ts";
import { lifecycleNoLoss } from "../../policies/lifecycle.ts";
import { limits } from "../../policies/limits.ts";
import { families, familyOf, isStackRule, levelsOf, type Family, type Levels, type Rule } from "../../policies/rule.ts";
import { linkedReferences } from "../../domain/incidents.ts";
import { rules } from "../../policies/rules.ts";
import { opaqueWriters } from "../../policies/subject/unread.ts";
import { plain, table, type Page } from "../page.ts";

/** `docs/policies.md`: every rule of the pack, with the example that its test judges by. */
export const policies: Page = { path: "docs/policies.md", render: renderPolicies };

const head = `# Policies

The rules of the pack \`ameide-secrets\`, made from \`policies/\`. The examples are the tests' own: what is printed here as
refused is refused by a test, with that very text.

## Where they hold

- **In every run of the command line**: \`ameide-secrets up\` previews with the pack, then updates; a mandatory violation stops
  it before the first change.
- **In the program itself**, without the pack: it judges its whole plan before anything is registered, and each resource that
  is added beside the plan when it is declared.
- **With plain Pulumi**: \`pulumi preview --policy-pack policies\`. On what exists already:
  \`pulumi policy analyze --policy-pack policies --stack prod\`; on an exported state, without a backend, \`--file state.json\`
  in place of \`--stack\`, or \`pulumi stack export | ameide-secrets lint -\`.
- **In Pulumi Cloud**: \`node policies/bundle.ts out/policy-pack\` writes the pack as one folder with the catalogue in it;
  then \`npm install\` and \`pulumi policy publish\` there, and enable it in a policy group. Publish again when the catalogue changes.
  Not verified: no Pulumi Cloud was at hand.
- **In Git**: \`ameide-secrets lint PATH...\` judges manifests, rendered charts, values files, \`.env\` and Pulumi state. As a check
  of another repository: \`.github/workflows/lint.yml\`, the comment at its top shows how to call it.
- **In the cluster**: the admission policies of \`components/secret-delivery.ts\` refuse at the API server what the rules refuse in
  ExternalSecrets, PushSecrets and SecretStores of the environment's namespaces, and in ClusterSecretStores and ClusterGenerators
  that log in as an account of this program. They cannot compare an object with others, and do not recognise credentials
  or placeholders in text; \`tests/engine/admission-examples.test.ts\` lists what they leave out.

A verdict is *ok*, *violation* or *undecided*: an input that a preview does not know yet is listed as undecided, and decided in
the update before that resource is made. A rule that "can't run" is a defect, and fails the run. \`lint\` cannot read what a state
holds encrypted: it lists these resources with the rules that cannot tell, and reports no violation.

What a provider fills in for a field that the program leaves out (\`""\`, \`null\`, \`false\`, 0, an empty list) counts as absent.

## Levels

\`mandatory\` stops the update, \`advisory\` is reported, \`off\` is not checked. A stack of another name than those below is judged
as prod. Each rule takes \`enforcementLevel\` from \`--policy-pack-config\` or a policy group, and
\`everywhere: true\` to hold it also where it is advisory here.

## Exemptions

An entry of \`policies/exemptions.ts\`, or of the policy's configuration, lets one rule pass one subject until a day. It names a
reason and an owner, it stays visible as advisory, and after its last day the violation returns.`;

function renderPolicies(): string {
  return `${[head, notJudged(), index(), ...families.map(chapter)].join("\n\n")}\n`;
}

/** From the data that the rules themselves use. */
function notJudged(): string {
  const writers = Object.entries(opaqueWriters).map(([type, reason]) => [`\`${type}${type.endsWith(":") ? "*" : ""}\``, plain(reason)]);
  return [
    "## What cannot be judged",
    table(["what", "why", "what holds instead"], limits.map(({ what, why, instead }) => [what, why, instead])),
    "These types are refused by [`authority-opaque-writer`](#authority-opaque-writer), in any API version and local package. A resource " +
      "of a provider that no rule knows is refused by [`authority-unknown-type`](#authority-unknown-type). If a stack needs one, exempt it by " +
      "its type and name, such as `command:local:Command warm-up`:",
    table(["type", "why"], writers),
  ].join("\n\n");
}

function index(): string {
  const rows = [...rules, lifecycleNoLoss].map((rule) => [`[\`${rule.id}\`](#${rule.id})`, rule.severity, plain(rule.description)]);
  return ["## All rules", table(["rule", "severity", "what must be true"], rows)].join("\n\n");
}

function chapter(family: Family): string {
  const own = rules.filter((rule) => familyOf(rule) === family);
  const extra = family === "lifecycle" ? [noLoss()] : [];
  return [`## ${family}`, ...own.map(section), ...extra].join("\n\n");
}

function section(rule: Rule): string {
  const example = examples.find((one) => one.rule === rule.id);
  return [
    `### ${rule.id}`,
    `**${plain(rule.description)}** (${rule.severity}${isStackRule(rule) ? ", over the whole stack" : ""})`,
    [
      `- Why: ${plain(rule.why)}`,
      `- Remedy: ${plain(rule.remediation)}`,
      `- Level: ${levels(levelsOf(rule))}`,
      `- Looks at: ${rule.kinds.join(", ")}`,
      ...seeLine(rule.references),
    ].join("\n"),
    ...(example === undefined ? [] : [shown(example)]),
  ].join("\n\n");
}

function noLoss(): string {
  const { id, description, severity, why, remediation, references } = lifecycleNoLoss;
  return [
    `### ${id}`,
    `**${plain(description)}** (${severity}, judged by the command line over a preview's steps: no policy is shown a deletion)`,
    [`- Why: ${plain(why)}`, `- Remedy: ${plain(remediation)}`, `- Level: ${levels(levelsOf(lifecycleNoLoss))}`, ...seeLine(references)].join("\n"),
  ].join("\n\n");
}

/** `mandatory`, or where it is something else. */
function levels(at: Levels): string {
  const byLevel = Map.groupBy(Object.entries(at), ([, level]) => level);
  if (byLevel.size === 1) return `${[...byLevel.keys()].join("")} everywhere`;
  return [...byLevel].map(([level, places]) => `${level} in ${places.map(([place]) => place).join(", ")}`).join("; ");
}

/** Only what differs between the two: a whole CronJob says less. */
function shown({ allowed, refused, says }: Example): string {
  const [good, bad] = differing(contentOf(allowed), contentOf(refused));
  return [
    "Refused:",
    fenced(bad),
    `> ${plain(says)}`,
    ...(good === undefined ? [] : ["Allowed:", fenced(good)]),
  ].join("\n\n");
}

function contentOf(sample: Sample): unknown {
  if ("document" in sample) return sample.document;
  if ("values" in sample) return sample.values;
  const { type, props, protect, dependsOn, computed } = sample;
  const options = { ...(protect === undefined ? {} : { protect }), ...(dependsOn && { dependsOn }), ...(computed && { computedFromOutputs: computed }) };
  return { type, ...props, ...(Object.keys(options).length === 0 ? {} : { "(options)": options }) };
}

/** The parts of two values that differ, each with the keys that lead there. */
function differing(a: unknown, b: unknown): readonly [unknown, unknown] {
  if (!isRecord(a) || !isRecord(b)) return [a, b];
  const left: Record<string, unknown> = {};
  const right: Record<string, unknown> = {};
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    if (JSON.stringify(a[key]) === JSON.stringify(b[key])) continue;
    const [l, r] = differing(a[key], b[key]);
    if (l !== undefined) left[key] = l;
    if (r !== undefined) right[key] = r;
  }
  return [Object.keys(left).length === 0 ? undefined : left, Object.keys(right).length === 0 ? undefined : right];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function fenced(value: unknown): string {
  const text = value === undefined ? "# left out\n" : stringify(value, { lineWidth: 0 });
  return `\`\`\`yaml\n${text}\`\`\``;
}

function seeLine(references: readonly string[]): readonly string[] {
  const linked = linkedReferences(references);
  return linked.length === 0 ? [] : [`- See: ${linked.join(", ")}`];
}
