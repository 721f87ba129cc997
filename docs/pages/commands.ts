import type { Command, OptionSpec } from "../../cli/command.ts";
import { commands } from "../../cli/commands/index.ts";
import { table, type Page } from "../page.ts";

/** `docs/commands.md`: every command with its arguments and options. */
export const commandsPage: Page = { path: "docs/commands.md", render: renderCommands };

function renderCommands(): string {
  const overview = commands.map(({ name, summary }) => [`[\`${name}\`](#${name.replaceAll(" ", "-")})`, summary]);
  return `# Commands

Every command of \`ameide-secrets\`, as \`ameide-secrets COMMAND --help\` shows it. The file \`ameide-secrets\` at the repository's
root starts the command line from any folder, also through a link to it on PATH. For scripts, see [the exit codes](exit-codes.md).

Commands that only look change nothing. Commands that change a shared stack do nothing without \`--yes\`; \`unseal\` and
\`reconfigure-auth\` need the stack's name (\`--confirm\`) and a \`--reason\` instead. With \`--json\` the result is one JSON document
on standard output, also an error: \`{ "error": { "code", "message", "findings" } }\`. Progress goes to standard error.

This page is generated from \`cli/commands/\`: edit there.

${table(["command", "what it does"], overview)}

${commands.map(section).join("\n\n")}
`;
}

function section({ name, summary, arguments: positional = [], options, examples }: Command): string {
  const line = ["ameide-secrets", name, ...positional.map((one) => one.name), ...(options.length > 0 ? ["[options]"] : [])];
  const rows = [
    ...positional.map((one) => [`\`${one.name}\``, one.summary]),
    ...options.map((option) => [`\`${option.flags}\``, [option.summary, ...notes(option)].join("; ")]),
  ];
  return [
    `## ${name}`,
    `${summary[0]?.toUpperCase() ?? ""}${summary.slice(1)}.`,
    ["```sh", line.join(" "), "```"].join("\n"),
    ...(rows.length === 0 ? [] : [table(["argument or option", "meaning"], rows)]),
    ["For example:", "", "```sh", ...examples, "```"].join("\n"),
  ].join("\n\n");
}

function notes({ required, choices, default: preset }: OptionSpec): readonly string[] {
  return [
    ...(required === true ? ["required"] : []),
    ...(choices === undefined ? [] : [`one of ${choices.map((choice) => `\`${choice}\``).join(", ")}`]),
    ...(preset === undefined ? [] : [`default \`${preset}\``]),
  ];
}

