import { ExitCode, type Command, type OptionSpec } from "../../cli/command.ts";
import { commands } from "../../cli/commands/index.ts";
import { bootstrapExitCodes, type BootstrapCause } from "../../domain/bootstrap-config.ts";
import { names, table, type Page } from "../page.ts";

export const commandsPage: Page = { path: "docs/commands.md", render: renderCommands };

function renderCommands(): string {
  const overview = commands.map(({ name, summary }) => [`[\`${name}\`](#${name.replaceAll(" ", "-")})`, summary]);
  return `# Commands

Every command of \`ameide-secrets\`, as \`ameide-secrets COMMAND --help\` shows it. The file \`ameide-secrets\` at the repository's
root starts the command line from any folder, also through a link to it on PATH. For scripts, see [the exit codes](exit-codes.md).

Commands that only read change nothing. Commands that change a shared stack do nothing without \`--yes\`; \`unseal\` and
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
    ...(choices === undefined ? [] : [`one of ${names(choices)}`]),
    ...(preset === undefined ? [] : [`default \`${preset}\``]),
  ];
}

export const exitCodes: Page = { path: "docs/exit-codes.md", render: renderExitCodes };

function renderExitCodes(): string {
  const commandLine = Object.entries(ExitCode).map(([name, code]) => [`${code}`, commandLabels[name as keyof typeof ExitCode]]);
  const bootstrap = Object.entries(bootstrapExitCodes).map(([cause, code]) => [
    `${code}`,
    names([cause]),
    bootstrapLabels[cause as BootstrapCause],
  ]);
  return `# Exit codes

The numbers do not change: scripts may rely on them. This page is generated from \`cli/command.ts\` and
\`domain/bootstrap-config.ts\`: edit there.

## \`ameide-secrets\`

With \`--json\` the output also contains a \`code\` for the cause.

${table(["code", "meaning"], commandLine)}

## vault-bootstrap

The last line of its log, \`event: summary\`, and the ConfigMap \`vault-bootstrap-status\` name the same cause. [The runbook](runbook.md#bootstrap)
says how to fix each, and \`ameide-secrets doctor --stack <stack>\` prints the fix with your names in it.

${table(["code", "cause", "meaning"], bootstrap)}
`;
}

const commandLabels: Readonly<Record<keyof typeof ExitCode, string>> = {
  ok: "the command ran and found nothing",
  finding: "the command ran and found or refused something",
  couldNotRun: "it could not run: wrong usage, a server that does not answer, or a missing permission",
  interrupted: "stopped by Ctrl-C",
};

const bootstrapLabels: Readonly<Record<BootstrapCause, string>> = {
  ok: "every secret is written, unchanged, or kept as the settings allow",
  "internal-error": "a bug in vault-bootstrap",
  "bad-configuration": "`config.json` or the pod's environment differs from what the program wrote",
  "required-missing": "a required secret is missing in the source; nothing was written",
  "source-unreachable": "Key Vault, or the Secret that is used instead, did not answer",
  "source-forbidden": "the identity may not read Key Vault: its role assignment is missing, or not in effect yet",
  "federation-mismatch": "Entra refused the pod's token: no federated credential has its issuer and subject",
  "token-file-missing": "the pod has no projected token for Azure",
  "value-refused": "the source has a placeholder or a fixture instead of a real value",
  "source-throttled": "Key Vault answered 429 (too many requests) to every retry",
  "vault-unreachable": "Vault did not answer",
  "vault-sealed": "Vault is sealed, and vault-bootstrap may not or cannot unseal it",
  "vault-uninitialised": "Vault is not initialised, and vault-bootstrap may not initialise it",
  "vault-lost": "Vault is empty but its credentials exist: its volume was lost or renamed; nothing was changed",
  "vault-orphaned": "Vault is sealed and the Secret with its keys does not exist, or could not be written when Vault was initialised",
  "vault-auth-refused": "Vault refused the login of the pod's account",
  "vault-policy-refused": "Vault's policy does not allow it to read or write a path",
  "vault-throttled": "Vault answered 429: a rate limit quota is used up",
  "vault-failing": "Vault answered with a server error (5xx), or has no active pod",
  conflict: "another writer changed a secret during the run, or Vault has a value that vault-bootstrap did not write",
  "lease-held": "another run is in progress",
  terminated: "stopped, or at its deadline; writes in progress were finished",
  "kubernetes-unreachable": "the API server did not answer",
  "kubernetes-refused": "the account may not read or write an object that it needs",
  "kubernetes-login-refused": "the API server answered 401: it does not accept the token of the pod's account",
  "kubernetes-throttled": "the API server answered 429 (too many requests)",
  "kubernetes-failing": "the API server answered with a server error (5xx)",
};
