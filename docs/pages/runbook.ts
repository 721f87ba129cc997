import { causeCodes, causes, type Cause } from "../../diagnose/causes.ts";
import { linkedReferences } from "../../domain/incidents.ts";
import { stages, type Stage } from "../../domain/stage.ts";
import { plain, table } from "../page.ts";

/** A heading for each cause that `doctor` knows; messages link to them. */
export const runbook = {
  path: "docs/runbook.md",
  render: (): string => [head, index(), ...stages.map(chapter).filter((text) => text !== "")].join("\n\n") + "\n",
};

const head = `# Runbook

For whoever is on call: what can break on the way from \`.env\` to a Kubernetes Secret, stage by stage, and how to fix it.
\`ameide-secrets doctor --stack <stack>\` finds the cause, shows the evidence, and prints the fix with your names in it; its
\`code\` is the heading here. Replace the words in angle brackets. On a shared stack, a command that changes something also
needs \`--yes\`, or \`--confirm\` and \`--reason\`; \`doctor\` prints them.

\`tests/chain/doctor.test.ts\` causes each of them on the real servers of the local environment, checks that \`doctor\` reports it
first, runs the printed fix, and checks that it is gone. A few cannot be caused there and are tested
separately (\`notOnTheChain\` in \`tests/chain/doctor/breaks.ts\`): limits of Azure and of an API server under load, an expired
token in a pod, a Vault with several pods. Azure is a stand-in there; no cause was seen on Azure itself.

Some commands under *By hand* put a key or a token on a command line. Prefer the fix above them, which does not.

This page is generated from \`diagnose/causes/\`: edit there.`;

function index(): string {
  const entries = causeCodes.flatMap((code) => (causes[code].aliases ?? []).map((alias) => ({ alias, code })));
  const rows = [...Map.groupBy(entries, ({ alias }) => alias)].map(([alias, found]) => [
    plain(alias),
    found.map(({ code }) => `[\`${code}\`](#${code})`).join(", "),
  ]);
  const sorted = rows.toSorted(([a = ""], [b = ""]) => a.localeCompare(b));
  return ["## By symptom", table(["symptom", "cause"], sorted)].join("\n\n");
}

function chapter(stage: Stage): string {
  const codes = causeCodes.filter((code) => causes[code].stage === stage);
  if (codes.length === 0) return "";
  return [`## ${stage}`, ...codes.map((code) => section(code, causes[code]))].join("\n\n");
}

function section(code: string, { title, symptom, cause, fix, mind, seed, see = [], aliases = [], severity }: Cause): string {
  const lines = [
    `### ${code}`,
    "",
    `**${plain(title)}.**${severity === "warning" ? " (A warning: the pipeline keeps working.)" : ""}`,
    "",
    `- Symptom: ${plain(symptom)}.`,
    `- Cause: ${plain(cause)}.`,
    `- Fix: ${repair(fix)}`,
    ...(mind === undefined ? [] : [`- Note: ${plain(mind)}.`]),
    ...(aliases.length === 0 ? [] : [`- Also known as: ${aliases.map((alias) => plain(alias)).join("; ")}.`]),
    ...(see.length === 0 ? [] : [`- See: ${linkedReferences(see).join(", ")}.`]),
  ];
  if (seed === undefined) return lines.join("\n");
  return [...lines, "", "By hand (`doctor` prints these commands and never runs them):", "", "```bash", ...seed, "```"].join("\n");
}

/** A command, or text that ends with `: ` and a command. */
function repair(fix: string): string {
  const [, words = "", command] = /^(.*?: |)((?:VAULT_TOKEN=<[^>]*> )?(?:ameide-secrets|kubectl|az) .+)$/.exec(fix) ?? [];
  return command === undefined ? plain(fix) : `${plain(words)}\`${command}\``;
}
