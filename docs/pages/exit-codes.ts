import { ExitCode } from "../../cli/exit-code.ts";
import { bootstrapExitCodes, type BootstrapCause } from "../../domain/bootstrap-config.ts";
import { names, table, type Page } from "../page.ts";

/** `docs/exit-codes.md`: what the command line and vault-bootstrap answer to whoever started them. */
export const exitCodes: Page = { path: "docs/exit-codes.md", render: renderExitCodes };

function renderExitCodes(): string {
  const commandLine = Object.entries(ExitCode).map(([name, code]) => [`${code}`, commandLabels[name as keyof typeof ExitCode]]);
  const bootstrap = Object.entries(bootstrapExitCodes).map(([cause, code]) => [
    `${code}`,
    names([cause]),
    bootstrapLabels[cause as BootstrapCause],
  ]);
  return `# Exit codes

Made from \`cli/exit-code.ts\` and \`domain/bootstrap-config.ts\`. The numbers stay; scripts may rely on them.

## \`ameide-secrets\`

With \`--json\` the answer holds a \`code\` for the cause as well.

${table(["code", "meaning"], commandLine)}

## vault-bootstrap

The last line of its log, \`event: summary\`, and the ConfigMap \`vault-bootstrap-status\` name the same cause. What to do
about each is in [the runbook](runbook.md#bootstrap), and \`ameide-secrets doctor --stack <stack>\` prints it with your
names in it.

${table(["code", "cause", "meaning"], bootstrap)}
`;
}

const commandLabels: Readonly<Record<keyof typeof ExitCode, string>> = {
  ok: "the command ran and found nothing",
  finding: "it ran, and found or refused something",
  couldNotRun: "it could not run: bad usage, or a server or a right is missing",
  interrupted: "ended by Ctrl-C",
};

const bootstrapLabels: Readonly<Record<BootstrapCause, string>> = {
  ok: "every secret is written, unchanged, or kept as the settings allow",
  "internal-error": "a defect of vault-bootstrap itself",
  "bad-configuration": "`config.json` or the pod's environment is not what the program wrote",
  "required-missing": "the source lacks a required secret; nothing was written",
  "source-unreachable": "Key Vault, or the Secret in its place, did not answer",
  "source-forbidden": "the identity may not read Key Vault: the role assignment is missing, or not in effect yet",
  "federation-mismatch": "Entra does not accept the pod's token: no federated credential has its issuer and subject",
  "token-file-missing": "the pod has no projected token for Azure",
  "value-refused": "the source holds a placeholder or a fixture where a real value must be",
  "source-throttled": "Key Vault answered 429, too many requests, until the retries were over",
  "vault-unreachable": "Vault did not answer",
  "vault-sealed": "Vault is sealed, and may not or cannot be unsealed from here",
  "vault-uninitialised": "Vault was never initialised, and may not be from here",
  "vault-lost": "Vault is empty while its credentials exist: its volume was lost or renamed; nothing was touched",
  "vault-orphaned": "Vault is sealed and the Secret with its keys is not there, or could not be written when Vault was initialised",
  "vault-auth-refused": "Vault does not let the pod's account log in",
  "vault-policy-refused": "Vault's policy does not let it read or write a path",
  "vault-throttled": "Vault answered 429: a rate limit quota is used up",
  conflict: "another writer changed a secret at the same time, twice, or holds one with a value that nobody marked",
  "lease-held": "another run is at work",
  terminated: "asked to stop, or at its deadline; the writes in hand were finished",
  "kubernetes-unreachable": "the API server did not answer",
  "kubernetes-refused": "the account may not read or write an object that it needs",
  "kubernetes-login-refused": "the API server answered 401: it does not accept the token of the pod's account",
  "kubernetes-throttled": "the API server answered 429, too many requests",
  "kubernetes-failing": "the API server answered with a fault of its own (5xx)",
};
