import { readFileSync } from "node:fs";
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
import type { Place } from "./place.ts";
import type { LocalHomeFlags } from "../access/local-home-options.ts";
import { keyVaultOf } from "./push.ts";
import { valueFindings } from "../../domain/dotenv/values.ts";
import { Redacted } from "../../domain/redacted.ts";

const standardInput: ValueInput = { isTerminal: process.stdin.isTTY === true, read: () => readFileSync(0, "utf8") };

/** For the stores, and again for the ExternalSecrets of one secret: it syncs within seconds or is not well. */
const syncTimeoutInSeconds = 60;

/**
 * Delivers a new value, Key Vault's previous one, or its current one through all steps. What a step already has is
 * passed without an action, so a rotation that was interrupted is just run again.
 *
 * @throws UserError for a name that is no external secret of the environment, for a value that `.env` may not hold either,
 *   or for no former version to go back to.
 */
export async function rotateValue(
  place: Place,
  flags: LocalHomeFlags,
  name: string,
  options: {
    /** `input`: standard input; `former`: Key Vault's version before the latest; `source`: what Key Vault holds, written by others. */
    readonly from: "input" | "former" | "source";
    readonly signal: AbortSignal;
    readonly onAct: (step: RotationStep) => void;
    readonly onProgress: (text: string) => void;
    readonly onStep: (step: RotationStep) => void;
    readonly onWarning: (text: string) => void;
  },
): Promise<RotationReport> {
  const { stack, cluster, access } = place;
  const { keyVaultName } = plannedSecret(stack, name);
  const secret = stack.catalogue.secrets[name];
  if (keyVaultName === undefined || secret?.authority !== "external") {
    throw UserError.of(
      "rotation-not-external",
      `${name} is not an external secret; its owner rotates it`,
      "docs/secrets.md names the owner",
    );
  }
  const environment = place.isShared ? "shared" : "local";
  // before anything is opened: a person at a terminal need not wait to hear that a file is wanted
  const given = options.from === "input" ? newValue({ name, secret, catalogue: stack.catalogue, stack: stack.name, environment, input: standardInput }) : undefined; // prettier-ignore
  for (const warning of given?.warnings ?? []) options.onWarning(formatFinding(warning));
  const vault = new KeyVaultWriter(await keyVaultOf(environment, flags));
  const former = options.from === "former" ? await vault.former(keyVaultName) : undefined;
  const value = given?.value ?? former?.value ?? (await vault.current(keyVaultName));
  if (former?.isRestored === true)
    options.onWarning(
      `${name} was already rolled back; nothing is written to Key Vault, and the following steps are checked`,
    );
  for (const other of alsoReading(place, secret))
    options.onWarning(`${other} reads the same Key Vault and gets this value with its next run of vault-bootstrap`);
  const dotenv = new Map([[keyVaultName, value]]);
  const { signal } = options;

  return rotate(
    name,
    stack,
    {
      write: async () =>
        void (await vault.set(keyVaultName, value, {
          recover: false,
          ...(former === undefined
            ? { expiresOn: expiryAfter(lifetimeInDays(secret), new Date()) }
            : { restores: former }),
        })),
      runBootstrap: async () => {
        const run = await runBootstrap(cluster, stack, { purpose: "rotate", signal, tell: options.onProgress });
        if (!run.succeeded) {
          const problem = `the new value is in Key Vault, and vault-bootstrap ended with ${run.cause}`;
          throw failedRun(run, problem, "run the same command again");
        }
      },
      resync: () => resyncOf(name, place, options),
      look: () => observe(stack, access, { compareValues: true, dotenv }),
    },
    { signal, onAct: options.onAct, onStep: options.onStep },
  );
}

/** Environments that share the Key Vault and have the secret, except the one that is rotated. */
function alsoReading({ isShared, stack }: Place, secret: ExternalSecret): readonly string[] {
  if (!isShared) return [];
  return environmentNames.filter((name) => name !== "local" && name !== stack.name && existsIn(secret, name));
}

/** What reads this secret, and nothing else: another's trouble must not hold it up, nor is it this one's to touch. */
export async function resyncOf(
  secret: string,
  { stack, cluster }: Pick<Place, "stack" | "cluster">,
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: (text: string) => void },
): Promise<void> {
  const looked = await Promise.all(namespacesOf(stack).map((namespace) => observeExternalSecrets(cluster, namespace)));
  const there = looked.flatMap((part) => (part.ok ? part.value : []));
  // one of ours that is not there is named by the place that stays behind; the others must not wait for it
  const ours = stack.plan.deliveries.filter(({ keys }) => keys.some((key) => key.secret === secret));
  const planned = new Set(ours.map(({ namespace, name }) => `${namespace}/${name}`));
  const wanted = [
    ...there.filter(({ namespace, name }) => planned.has(`${namespace}/${name}`)),
    ...othersReading(there, stack, secret),
  ];
  if (wanted.length === 0) return;
  await resync(cluster, {
    namespaces: [...new Set(wanted.map(({ namespace }) => namespace))],
    names: [...new Set(wanted.map(({ name }) => name))],
    timeoutInSeconds: syncTimeoutInSeconds,
    signal,
    onProgress: ({ kind, done, total }) => onProgress(`${kind}: ${done} of ${total} ready`),
  });
}

/** Where a new value comes from; the process's standard input, but for tests. */
export interface ValueInput {
  /** Whether a person types there: that would be shown on the screen, and wait without a word. */
  readonly isTerminal: boolean;
  read(): string;
}

export interface NewValue {
  readonly value: Redacted;
  /** What is worth a second look and stops nothing, such as a line break. */
  readonly warnings: readonly Finding[];
}

/**
 * A new value from standard input, so that it is in no shell history and no process list; one newline at its end is a
 * shell's, not the value's. It passes the checks that a value of `.env` passes: both end in the same Key Vault.
 *
 * @param options.stack - as given on the command line, for the repair.
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
  const value = input.read().replace(/\r?\n$/, "");
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
