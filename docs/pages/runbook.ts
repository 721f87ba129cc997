import { causeCodes, causes } from "../../diagnose/causes.ts";
import type { Cause } from "../../diagnose/cause.ts";
import { stages, type Stage } from "../../domain/stage.ts";

/** `docs/runbook.md`: the table that `doctor` explains by, one heading for each cause. Its headings are what messages link to. */
export const runbook = {
  path: "docs/runbook.md",
  render: (): string => [head, index(), ...stages.map(chapter).filter((text) => text !== "")].join("\n\n") + "\n",
};

const head = `# Runbook

What breaks on the way from \`.env\` to a Kubernetes Secret, stage by stage, in the order of the chain. \`ameide-secrets doctor --stack <stack>\` tells which of these it is, with the evidence, and prints the repair with your names in it; its \`code\` is the heading here. Words in angle brackets are for you to fill in. On a stack that others share, a command that changes something takes \`--yes\` as well; as \`doctor\` prints it, it has it.

\`tests/chain/doctor.test.ts\` brings about every one of them on the real servers of the local environment, sees it named first,
runs the repair as it is printed, and sees it gone. Azure there is a stand-in; no cause was seen on Azure itself.

This page is generated from \`diagnose/causes/\`: edit there.`;

function index(): string {
  const entries = causeCodes.flatMap((code) => (causes[code].aliases ?? []).map((alias) => ({ alias, code })));
  const rows = [...Map.groupBy(entries, ({ alias }) => alias)].map(
    ([alias, found]) => `| ${cell(alias)} | ${found.map(({ code }) => `[\`${code}\`](#${code})`).join(", ")} |`,
  );
  return ["## By what one sees", "", "| seen, or how the seed (451) calls it | cause |", "|---|---|", ...rows.toSorted((a, b) => a.localeCompare(b))].join("\n");
}

function chapter(stage: Stage): string {
  const codes = causeCodes.filter((code) => causes[code].stage === stage);
  if (codes.length === 0) return "";
  return [`## ${stage}`, ...codes.map((code) => section(code, causes[code]))].join("\n\n");
}

function section(code: string, { title, symptom, cause, fix, mind, seed, see, aliases = [], severity }: Cause): string {
  const lines = [
    `### ${code}`,
    "",
    `**${title}.**${severity === "warning" ? " (A warning: the chain goes on.)" : ""}`,
    "",
    `- Seen: ${symptom}.`,
    `- Cause: ${cause}.`,
    `- Repair: ${isCommand(fix) ? `\`${fix}\`` : fix}`,
    ...(mind === undefined ? [] : [`- Mind: ${mind}.`]),
    ...(aliases.length === 0 ? [] : [`- Also known as: ${aliases.map((alias) => plain(alias)).join("; ")}.`]),
    `- See: ${see}.`,
  ];
  if (seed === undefined) return lines.join("\n");
  return [...lines, "", "By hand, as the seed has it (printed by `doctor`, never run by it):", "", "```bash", ...seed, "```"].join("\n");
}

function isCommand(fix: string): boolean {
  return /^(ameide-secrets|kubectl|az) /.test(fix);
}

function cell(text: string): string {
  return plain(text).replaceAll("|", String.raw`\|`);
}

/** Angle brackets and stars outside code would be taken for markup. */
function plain(text: string): string {
  return text.includes("`") ? text : text.replaceAll("*", String.raw`\*`).replaceAll("<", "&lt;");
}
