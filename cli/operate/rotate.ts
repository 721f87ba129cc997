import { observeExternalSecrets } from "../../diagnose/observe/deliveries.ts";
import { namespacesOf, observe } from "../../diagnose/observe/observe.ts";
import { othersReading } from "../../diagnose/who-uses.ts";
import { plannedSecret } from "../../diagnose/lineage.ts";
import { resync } from "../../diagnose/resync.ts";
import { rotate, type RotationReport, type RotationStep } from "../../diagnose/rotation.ts";
import {
  existsIn,
  expiryAfter,
  lifetimeInDays,
  type ExternalSecret,
  type Catalogue,
} from "../../domain/catalogue/catalogue.ts";
import { formatFinding, errorsOf, type Finding } from "../../domain/finding.ts";
import { environmentNames } from "../../domain/stage.ts";
import { UserError } from "../../domain/user-error.ts";
import { failedRun, runBootstrap } from "../access/bootstrap-job.ts";
import { KeyVaultWriter } from "../access/key-vault.ts";
import type { ConnectedStack } from "./connected-stack.ts";
import type { LocalHomeFlags } from "../access/local-home-options.ts";
import { standardInput } from "../files.ts";
import { keyVaultOf } from "./push.ts";
import { valueFindings } from "../../domain/dotenv/values.ts";
import { Redacted } from "../../domain/redacted.ts";

/** For the stores, and again for the ExternalSecrets of one secret: it syncs within seconds or is not well. */
const syncTimeoutInSeconds = 60;

const stepTexts: Readonly<Record<RotationStep, { readonly doing: string; readonly done: string }>> = {
  "key-vault": { doing: "writing the value to Key Vault", done: "Key Vault holds the value" },
  vault: { doing: "running vault-bootstrap", done: "Vault holds the value" },
  "external-secret": { doing: "resyncing with External Secrets", done: "every Kubernetes Secret holds the value" },
  pods: { doing: "waiting for pods to restart", done: "no pod runs with the old value, except those that you must restart" }, // prettier-ignore
};

export interface RotationOptions {
  /** `input`: standard input; `former`: Key Vault's version before the latest; `source`: what Key Vault holds, written by others. */
  readonly from: "input" | "former" | "source";
  readonly signal: AbortSignal;
  readonly tell: (text: string) => void;
}

/**
 * A step that has the value already is skipped, so an interrupted rotation continues when it is run again.
 *
 * @throws UserError for a name that is not an external secret of the environment, a value that `.env` may not hold either,
 *   or no former version.
 */
export async function rotateValue(
  connected: ConnectedStack,
  flags: LocalHomeFlags,
  name: string,
  { from, signal, tell }: RotationOptions,
): Promise<RotationReport> {
  const { stack, cluster, access } = connected;
  const { keyVaultName } = plannedSecret(stack, name);
  const secret = stack.catalogue.secrets[name];
  if (keyVaultName === undefined || secret?.authority !== "external") {
    const problem = `${name} is not an external secret; its owner rotates it`;
    throw UserError.of("rotation-not-external", problem, "docs/secrets.md names the owner");
  }
  const environment = connected.isShared ? "shared" : "local";
  // first: a person at a terminal should not wait before they read that a file is needed
  const given = from === "input" ? newValue({ name, secret, catalogue: stack.catalogue, stack: stack.name, environment, input: await valueInput() }) : undefined; // prettier-ignore
  for (const warning of given?.warnings ?? []) tell(formatFinding(warning));
  const vault = new KeyVaultWriter(await keyVaultOf(environment, flags));
  const former = from === "former" ? await vault.former(keyVaultName) : undefined;
  const value = given?.value ?? former?.value ?? (await vault.current(keyVaultName));
  if (former?.isRestored === true)
    tell(`${name} was already rolled back; nothing is written to Key Vault, and the following steps are checked`);
  for (const other of alsoReading(connected, secret))
    tell(`${other} reads the same Key Vault and gets this value with its next run of vault-bootstrap`);
  const progress = (text: string) => tell(`      ${text}`);

  return rotate(
    name,
    stack,
    {
      "key-vault": async () => {
        const expiresOn = expiryAfter(lifetimeInDays(secret), new Date());
        await vault.set(keyVaultName, value, { recover: false, ...(former ? { restores: former } : { expiresOn }) });
      },
      vault: async () => {
        const run = await runBootstrap(cluster, stack, { purpose: "rotate", signal, tell: progress });
        if (run.succeeded) return;
        const problem = `the new value is in Key Vault, and vault-bootstrap ended with ${run.cause}`;
        throw failedRun(run, problem, "run the same command again");
      },
      "external-secret": () => resyncOf(name, connected, { signal, onProgress: progress }),
      look: () => observe(stack, access, { compareValues: true, dotenv: new Map([[keyVaultName, value]]) }),
    },
    {
      signal,
      onAct: (step) => progress(`${stepTexts[step].doing} ...`),
      onStep: (step) => tell(`ok    ${stepTexts[step].done}`),
    },
  );
}

/** Environments that share the Key Vault and have the secret, except the one that is rotated. */
function alsoReading({ isShared, stack }: ConnectedStack, secret: ExternalSecret): readonly string[] {
  if (!isShared) return [];
  return environmentNames.filter((name) => name !== "local" && name !== stack.name && existsIn(secret, name));
}

/** What reads this secret, and nothing else: failures of other secrets must not delay it. */
export async function resyncOf(
  secret: string,
  { stack, cluster }: Pick<ConnectedStack, "stack" | "cluster">,
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: (text: string) => void },
): Promise<void> {
  const parts = await Promise.all(namespacesOf(stack).map((namespace) => observeExternalSecrets(cluster, namespace)));
  const existing = parts.flatMap((part) => (part.ok ? part.value : []));
  // one of ours that does not exist is reported by the step that stays behind; the others must not wait for it
  const ours = stack.plan.deliveries.filter(({ keys }) => keys.some((key) => key.secret === secret));
  const isOurs = (one: { readonly namespace: string; readonly name: string }) =>
    ours.some(({ namespace, name }) => namespace === one.namespace && name === one.name);
  const wanted = [...existing.filter(isOurs), ...othersReading(existing, stack, secret)];
  if (wanted.length === 0) return;
  await resync(cluster, {
    namespaces: [...new Set(wanted.map(({ namespace }) => namespace))],
    names: [...new Set(wanted.map(({ name }) => name))],
    timeoutInSeconds: syncTimeoutInSeconds,
    signal,
    onProgress: ({ kind, done, total }) => onProgress(`${kind}: ${done} of ${total} ready`),
  });
}

export interface ValueInput {
  /** Whether a person types there: that would be shown on the screen, and wait without a word. */
  readonly isTerminal: boolean;
  readonly text: string;
}

async function valueInput(): Promise<ValueInput> {
  const isTerminal = process.stdin.isTTY === true;
  return { isTerminal, text: isTerminal ? "" : await standardInput() };
}

export interface NewValue {
  readonly value: Redacted;
  /** What is worth a second look and stops nothing, such as a line break. */
  readonly warnings: readonly Finding[];
}

/**
 * A new value from standard input, so that it is in no shell history and no process list; one newline at its end is a
 * shell's, not the value's. It passes the checks of `.env`, since both end in the same Key Vault.
 *
 * @param options.environment - owner of the Key Vault.
 * @throws UserError where a person would have to type it, or with all that is wrong with it.
 */
export function newValue(options: {
  readonly name: string;
  readonly secret: ExternalSecret;
  readonly catalogue: Catalogue;
  readonly stack: string;
  readonly environment: "local" | "shared";
  readonly input: ValueInput;
}): NewValue {
  const { name, secret, catalogue, stack, environment, input } = options;
  const fix = `ameide-secrets rotate ${name} --stack ${stack}${environment === "shared" ? " --yes" : ""} < file`;
  if (input.isTerminal) {
    throw UserError.of("rotation-terminal", `the terminal would show the new value for ${name}`, fix);
  }
  const value = input.text.replace(/\r?\n$/, "");
  const variable = { name, value, where: "standard input", place: 0, cutByHash: false, strayQuote: false };
  const findings = valueFindings(variable, { secret, catalogue, environment }).map((finding): Finding => {
    const code = finding.code.replace(/^dotenv-/, "rotation-");
    // the file's repairs speak of lines and quotes
    return {
      ...finding,
      code,
      stage: "key-vault",
      fix: finding.severity === "error" ? `pass the complete value: ${fix}` : finding.fix,
    };
  });
  const errors = errorsOf(findings);
  if (errors.length > 0) throw UserError.from(errors);
  return { value: new Redacted(value), warnings: findings };
}
