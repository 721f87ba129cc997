import { stringify } from "yaml";
import { examples } from "../../tests/policies/examples/all.ts";
import type { Example, Sample } from "../../tests/policies/examples/example.ts";
import { lifecycleNoLoss } from "../../policies/lifecycle.ts";
import { families, familyOf, isStackRule, levelsOf, type Family, type Levels, type Rule } from "../../policies/rule.ts";
import { linkedReferences } from "../../domain/incidents.ts";
import { rules } from "../../policies/rules.ts";
import { isRecord } from "../../policies/subject/reading.ts";
import { opaqueWriters } from "../../policies/subject/unread.ts";
import { plain, table, type Page } from "../page.ts";

export const policies: Page = { path: "docs/policies.md", render: renderPolicies };

const head = `# Policies

For engineers whose change a rule refused, and for those who decide whether to use this pack. The rules are made from
\`policies/\`. The examples are those of the tests: what is printed here as refused is refused by a test, with the same text.

## Where they hold

- **In every run of the command line**: \`ameide-secrets up\` previews with the pack, then updates; a mandatory violation stops
  it before the first change.
- **In the program itself**, without the pack: it judges its whole plan before anything is registered, and every other
  resource when it is declared.
- **With plain Pulumi**: \`pulumi preview --policy-pack policies\`. For what exists already:
  \`pulumi policy analyze --policy-pack policies --stack prod\`; for an exported state, without a backend, \`--file state.json\`
  in place of \`--stack\`, or \`pulumi stack export | ameide-secrets lint -\`.
- **In Pulumi Cloud**: \`node policies/bundle.ts out/policy-pack\` writes the pack as one folder with the catalogue in it;
  then \`npm install\` and \`pulumi policy publish\` there, and enable it in a policy group. Publish again when the catalogue changes.
  Not verified: no Pulumi Cloud was available.
- **In Git**: \`ameide-secrets lint PATH...\` judges manifests, rendered charts, values files, \`.env\` and Pulumi state. As a check
  of another repository: \`.github/workflows/lint.yml\`, the comment at its top shows how to call it.
- **In the cluster**: the admission policies of \`components/secret-delivery.ts\` refuse at the API server what the rules refuse in
  ExternalSecrets, PushSecrets and SecretStores of the environment's namespaces, and in ClusterSecretStores and ClusterGenerators
  that log in with an account of this program. They cannot compare an object with others, and do not recognise credentials
  or placeholders in text; \`tests/engine/admission-examples.test.ts\` lists what they leave out.

A verdict is *ok*, *violation* or *undecided*. A rule is undecided when a preview does not know an input yet; the update decides
before it creates the resource. A rule that "can't run" is a defect, and fails the run. \`lint\` cannot read what a state has
encrypted: it lists these resources with the rules that cannot decide, and reports no violation.

A value that a provider fills in for a missing field (\`""\`, \`null\`, \`false\`, 0, an empty list) counts as absent.

## Levels

\`mandatory\` stops the update, \`advisory\` only warns, \`off\` is not judged. A stack with another name than those below is judged
as prod. Each rule accepts \`enforcementLevel\` from \`--policy-pack-config\` or a policy group, and
\`everywhere: true\` to be mandatory also where it is advisory here.

## Exemptions

An entry of \`policies/exemptions.ts\`, or of the policy's configuration, lets one subject violate one rule until a date. It needs a
reason and an owner. It stays visible as advisory, and after its date the violation is an error again.

## What cannot be judged

| what | why | what holds instead |
|---|---|---|
| A value that the program reads with a function (\`vault.kv.getSecretV2\`, \`azure.keyvault.getSecret\`), from a file or from its environment | Pulumi reports dependencies on resources only; such a value looks like one of the program's own. | Names are judged. Give the account that reads no permission for cluster-managed names. |
| A value that is computed from a resource that is only read (\`Secret.get\`) together with one that is created, in a program without the embedded guard | The engine does not show policies what is read. If the value comes from nothing else, authority-copied-value refuses it. | The embedded guard sees both, since it runs in the program. |
| A copy of a value, if the update runs with \`--skip-preview\` | Pulumi reports dependencies at the end of a run, after the resources were created. | \`ameide-secrets up\` always previews first; the embedded guard judges before a resource is registered. |
| What a resource of authority-opaque-writer writes | A command, a script, a chart or an address that is read later decides it. | The resource itself is refused in this program's stacks. |
| A resource of a type that no rule knows, in stacks of another project than \`ameide-secrets\` | It is the other program's own decision; a policy group may judge such stacks too. | Known types, manifests and templates are judged there too. |
| The children of a component that its provider creates (\`yaml/v2\`, \`helm.sh/v4\`, \`kustomize/v2\`), without the pack | The embedded guard sees only what the program itself registers. | The pack judges each child. Both judge objects and YAML in the component's inputs. |
| Inputs that are outputs of another resource, in the embedded guard | Their values are not known when the resource is declared. | The pack judges them, at the latest before the update creates the resource. |
| Vault's configuration written by \`vault:generic/endpoint\` (\`sys/policies/...\`, \`auth/.../role/...\`) | Only the path of a value, and a reviewer token in \`auth/.../config\`, are judged; the rules of policies and roles look at the typed resources. | Use \`vault.Policy\` and \`vault.kubernetes.AuthBackendRole\`. |
| A copy inside the cluster by a controller of its own (reflector, Kyverno, a Job) | It does not go through Pulumi or a file that \`lint\` reads. | The admission policy judges the ExternalSecrets and PushSecrets that it creates. |

These types are refused by [\`authority-opaque-writer\`](#authority-opaque-writer), in any API version and local package. A
resource of a provider that no rule knows is refused by [\`authority-unknown-type\`](#authority-unknown-type). If a stack needs
one, exempt it by its type and name, such as \`command:local:Command warm-up\`:`;

function renderPolicies(): string {
  return `${[head, opaqueTypes(), index(), ...families.map(chapter)].join("\n\n")}\n`;
}

function opaqueTypes(): string {
  const rows = Object.entries(opaqueWriters).map(([type, reason]) => [`\`${type}${type.endsWith(":") ? "*" : ""}\``, plain(reason)]);
  return table(["type", "why"], rows);
}

function index(): string {
  const rows = [...rules, lifecycleNoLoss].map((rule) => [`[\`${rule.id}\`](#${rule.id})`, rule.severity, plain(rule.description)]);
  return ["## All rules", table(["rule", "severity", "what must be true"], rows)].join("\n\n");
}

function chapter(family: Family): string {
  const own = rules.filter((rule) => familyOf(rule) === family).map((rule) => section(rule, isStackRule(rule) ? ", over the whole stack" : ""));
  const byPreview = ", judged by the command line over a preview's steps: the engine shows deletions to no policy";
  return [`## ${family}`, ...own, ...(family === "lifecycle" ? [section(lifecycleNoLoss, byPreview)] : [])].join("\n\n");
}

function section(rule: Omit<Rule, "judge" | "judgeAll">, note: string): string {
  const example = examples.find((one) => one.rule === rule.id);
  const linked = linkedReferences(rule.references);
  return [
    `### ${rule.id}`,
    `**${plain(rule.description)}** (${rule.severity}${note})`,
    [
      `- Why: ${plain(rule.why)}`,
      `- Remedy: ${plain(rule.remediation)}`,
      `- Level: ${levels(levelsOf(rule))}`,
      `- Looks at: ${rule.kinds.join(", ")}`,
      ...(linked.length === 0 ? [] : [`- See: ${linked.join(", ")}`]),
    ].join("\n"),
    ...(example === undefined ? [] : [shown(example)]),
  ].join("\n\n");
}

function levels(at: Levels): string {
  const byLevel = Map.groupBy(Object.entries(at), ([, level]) => level);
  if (byLevel.size === 1) return `${[...byLevel.keys()].join("")} everywhere`;
  return [...byLevel].map(([level, places]) => `${level} in ${places.map(([place]) => place).join(", ")}`).join("; ");
}

/** Only the differences: a whole CronJob would be hard to read. */
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

/** The different parts of two values, with the keys that lead to them. */
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

function fenced(value: unknown): string {
  const text = value === undefined ? "# left out\n" : stringify(value, { lineWidth: 0 });
  return `\`\`\`yaml\n${text}\`\`\``;
}
