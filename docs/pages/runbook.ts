import { causeCodes, causes } from "../../diagnose/causes.ts";
import type { Cause } from "../../diagnose/cause.ts";
import { linkedReferences } from "../../domain/incidents.ts";
import { stages, type Stage } from "../../domain/stage.ts";
import { plain, table } from "../page.ts";

/** `docs/runbook.md`: the table that `doctor` explains by, one heading for each cause. Its headings are what messages link to. */
export const runbook = {
  path: "docs/runbook.md",
  render: (): string => [head, index(), ...stages.map(chapter).filter((text) => text !== "")].join("\n\n") + "\n",
};

const head = `# Runbook

What breaks on the way from \`.env\` to a Kubernetes Secret, stage by stage, in the order of the chain.
\`ameide-secrets doctor --stack <stack>\` shows which of these it is, with the evidence, and prints the fix with your
names in it; its \`code\` is the heading here. Words in angle brackets are for you to fill in. On a stack that others share, a
command that changes something takes \`--yes\` as well, or \`--confirm\` and \`--reason\`; as \`doctor\` prints it, it has them.

\`tests/chain/doctor.test.ts\` brings about every one of them, but for three (\`notOnTheChain\` in
\`tests/chain/doctor/breaks.ts\`: limits of Azure and of an API server under load, and an expired token in a pod), on the real servers of the local environment, sees it named first,
runs the repair as it is printed, and sees it gone. Azure there is a stand-in; no cause was seen on Azure itself.

The commands under *By hand* are those of document 451. If they put a key or a token on a command line, prefer the fix above,
which does not.

This page is generated from \`diagnose/causes/\`: edit there.`;

function index(): string {
  const entries = causeCodes.flatMap((code) => (causes[code].aliases ?? []).map((alias) => ({ alias, code })));
  const rows = [...Map.groupBy(entries, ({ alias }) => alias)].map(([alias, found]) => [
    plain(alias),
    found.map(({ code }) => `[\`${code}\`](#${code})`).join(", "),
  ]);
  const sorted = rows.toSorted(([a = ""], [b = ""]) => a.localeCompare(b));
  return ["## By what one sees", table(["seen, or how document 451 calls it", "cause"], sorted)].join("\n\n");
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
    `**${plain(title)}.**${severity === "warning" ? " (A warning: the chain goes on.)" : ""}`,
    "",
    `- Seen: ${plain(symptom)}.`,
    `- Cause: ${plain(cause)}.`,
    `- Repair: ${repair(fix)}`,
    ...(mind === undefined ? [] : [`- Mind: ${plain(mind)}.`]),
    ...(aliases.length === 0 ? [] : [`- Also known as: ${aliases.map((alias) => plain(alias)).join("; ")}.`]),
    ...(see.length === 0 ? [] : [`- See: ${linkedReferences(see).join(", ")}.`]),
  ];
  if (seed === undefined) return lines.join("\n");
  return [...lines, "", "By hand, as document 451 has it (printed by `doctor`, never run by it):", "", "```bash", ...seed, "```"].join("\n");
}

/** A command, or words that end in `: ` and one. */
function repair(fix: string): string {
  const [, words = "", command] = /^(.*?: |)((?:VAULT_TOKEN=<[^>]*> )?(?:ameide-secrets|kubectl|az) .+)$/.exec(fix) ?? [];
  return command === undefined ? plain(fix) : `${plain(words)}\`${command}\``;
}
