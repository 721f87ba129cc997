import { inOrder, type Command } from "../../cli/command.ts";
import { commands } from "../../cli/commands/index.ts";
import { table, type Page } from "../page.ts";

/** `docs/commands.md`: every command with what it takes, as `--help` shows it. */
export const commandsPage: Page = { path: "docs/commands.md", render: renderCommands };

function renderCommands(): string {
  const overview = commands.map(({ name, summary }) => [`[\`${name}\`](#${anchor(name)})`, summary]);
  return `# Commands

Made from \`cli/commands/\`. \`ameide-secrets COMMAND --help\` shows the same. The file \`ameide-secrets\` at the repository's
root starts the command line from any folder, also by a link to it on PATH. What the command line answers to a shell stands in [the exit codes](exit-codes.md).

Commands that only look change nothing. Those that change what others share do nothing without \`--yes\`; \`unseal\` and
\`reconfigure-auth\` need the stack's name again (\`--confirm\`) and a \`--reason\` instead. With \`--json\` the result is one
JSON document on standard output, an error too: \`{ "error": { "code", "message", "findings" } }\`; everything that is said on
the way goes to standard error.

${table(["command", "what it does"], overview)}

${commands.map(section).join("\n\n")}
`;
}

function section({ name, summary, arguments: positional = [], options = [], examples }: Command<never>): string {
  const line = ["ameide-secrets", name, ...positional.map((one) => one.name), ...(options.length > 0 ? ["[options]"] : [])];
  const rows = [
    ...positional.map((one) => [`\`${one.name}\``, one.summary]),
    ...inOrder(options).map((option) => [`\`${option.flags}\``, [option.summary, ...notes(option)].join("; ")]),
  ];
  return [
    `## ${name}`,
    `${summary[0]?.toUpperCase() ?? ""}${summary.slice(1)}.`,
    ["```sh", line.join(" "), "```"].join("\n"),
    ...(rows.length === 0 ? [] : [table(["takes", "meaning"], rows)]),
    ["For example:", "", "```sh", ...examples, "```"].join("\n"),
  ].join("\n\n");
}

function notes({ required, choices, default: preset }: NonNullable<Command["options"]>[number]): readonly string[] {
  return [
    ...(required === true ? ["must be given"] : []),
    ...(choices === undefined ? [] : [`one of ${choices.map((choice) => `\`${choice}\``).join(", ")}`]),
    ...(preset === undefined ? [] : [`default \`${preset}\``]),
  ];
}

/** As GitHub makes it of a heading. */
function anchor(name: string): string {
  return name.replaceAll(" ", "-");
}
