import { join } from "node:path";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { errorsOf } from "../../../domain/finding.ts";
import { secretAdoptionLine } from "../../../domain/resources/adoption.ts";
import { UserError } from "../../../domain/user-error.ts";
import type { Cluster } from "../../../clients/kubernetes.ts";
import { explainUnready } from "../unready-objects.ts";
import type { Change } from "./change.ts";
import { RunLog } from "./run-log.ts";
import { repositoryRoot } from "../../../environments/index.ts";
import { readResources } from "./state.ts";

export interface RunOptions {
  /** Folders of policy packs. @default - the pack of this program */
  readonly policyPacks?: readonly string[];
  readonly signal: AbortSignal;
  /** URNs that are left unchanged, also if the program lacks them; `**` is allowed. @default - none */
  readonly exclude?: readonly string[];
  /** Whether the engine first reads what exists: what was deleted or changed by hand is then restored. @default false */
  readonly refresh?: boolean | undefined;
  /** Is read for the error of a failed update: why objects did not become ready. @default - the engine's messages only */
  readonly cluster?: Cluster | undefined;
}

export interface RunResult {
  readonly changes: readonly Change[];
  /** Violations below mandatory: reported, but the run continues. */
  readonly advisories: RunLog["violations"];
  readonly outputs?: Readonly<Record<string, unknown>>;
}

/**
 * In an update, stack rules come too late to stop anything, so each is previewed first.
 *
 * @throws UserError with all mandatory violations; when a rule could not run; when the engine failed, with its own
 *   words.
 */
export async function previewStack(stack: Stack, options: RunOptions): Promise<RunResult> {
  return watched("preview", stack, options, async (log) => {
    await stack.preview({ ...runOptions(options), onEvent: log.listen });
    options.signal.throwIfAborted(); // the engine ends a cancelled preview as if it were complete
  });
}

/** Updates; the pack judges again, with every value known. @throws as {@link previewStack}, and for an undecided verdict. */
export async function updateStack(stack: Stack, options: RunOptions): Promise<RunResult> {
  return watched("update", stack, options, ({ listen: onEvent }) => stack.up({ ...runOptions(options), onEvent }));
}

/** The command line prints a summary of its own; the engine's text is kept for the error only. */
const quiet = { color: "never" as const, suppressProgress: true, onOutput: () => {}, onError: () => {} };

function runOptions({
  policyPacks = [join(repositoryRoot, "policies")],
  signal,
  exclude,
  refresh = false,
}: RunOptions) {
  return { ...quiet, policyPacks: [...policyPacks], signal, refresh, ...(exclude && { exclude: [...exclude] }) };
}

/** What of the stack's state outlives {@link destroyStack}. */
export async function stayingResources(stack: Stack) {
  return (await readResources(stack))
    .filter(({ custom, delete: pending }) => custom === true && pending !== true)
    .filter(({ protect, retainOnDelete }) => protect === true || retainOnDelete === true)
    .map(({ urn, type, protect }) => ({
      urn,
      name: urn.slice(urn.lastIndexOf("::") + 2),
      type,
      /** `protected`: stays in the stack as well. `retained`: leaves the stack, and is left in place. */
      because: protect === true ? ("protected" as const) : ("retained" as const),
    }));
}

/**
 * Deletes what the stack holds and nothing protects; never lifts a protection. Returns what is deleted, without what is
 * only retained.
 *
 * @throws UserError with the engine's own words.
 */
export async function destroyStack(
  stack: Stack,
  { preview, signal }: { readonly preview: boolean; readonly signal: AbortSignal },
): Promise<readonly Change[]> {
  const retained = new Set((await stayingResources(stack)).map(({ urn }) => urn));
  const { changes } = await watched("destroy", stack, { signal }, async ({ listen: onEvent }) => {
    const options = { ...quiet, excludeProtected: true, signal, onEvent };
    await (preview ? stack.previewDestroy(options) : stack.destroy(options));
    if (preview) signal.throwIfAborted(); // as in previewStack
  });
  return changes.filter(({ urn }) => !retained.has(urn));
}

async function watched(
  verb: "preview" | "update" | "destroy",
  stack: Stack,
  { signal, cluster }: Pick<RunOptions, "signal" | "cluster">,
  run: (log: RunLog) => Promise<unknown>,
): Promise<RunResult> {
  signal.throwIfAborted(); // the Automation API hears only an abort that comes later
  const log = new RunLog();
  try {
    await run(log);
  } catch (error) {
    signal.throwIfAborted();
    const refused = errorsOf(log.violations);
    if (refused.length > 0) throw UserError.from(refused);
    const tail = error instanceof Error ? error.message.trim().split("\n").slice(-15).join("\n    ") : String(error);
    const texts = log.errors.length > 0 ? log.errors : [tail];
    const reasons = cluster === undefined ? [] : await explainUnready(cluster, log.failedObjects);
    throw failed(verb, stack.name, [...texts, ...reasons], error);
  }
  if (log.skippedRules.length > 0) {
    const problem = "rule(s) of the pack could not run and judged nothing";
    throw packFailed("policy-did-not-run", problem, "the rule", log.skippedRules);
  }
  if (verb === "update" && log.undecided.length > 0) {
    // in an update the pack refuses what it cannot decide, unless it does not know that this is an update
    const problem = "finding(s) of the pack were left to the update, but the update did not report them";
    throw packFailed("policy-stayed-undecided", problem, "the pack or its host", log.undecided);
  }
  return {
    changes: log.changes,
    advisories: log.violations.filter(({ severity }) => severity !== "error"),
    ...(verb === "update" && { outputs: log.outputs }),
  };
}

function packFailed(code: string, problem: string, culprit: string, lines: readonly string[]): UserError {
  const list = lines.map((line) => `    ${line}`).join("\n");
  const fix = `this is a bug in ${culprit}, not in your stack: report it with the text above`;
  return UserError.of(code, `${lines.length} ${problem}:\n${list}`, fix);
}

function failed(verb: string, stack: string, texts: readonly string[], cause: unknown): UserError {
  const message = texts.join("\n    ");
  const fix =
    fixOf(message, stack) ?? "fix what the message names and run the same command again: it continues where it stopped";
  return UserError.of(`${verb}-failed`, `the ${verb} of stack ${stack} failed:\n    ${message}`, fix, { cause });
}

/** For failures that the engine or a provider reports without a way out, and for those of the program, which have one. */
function fixOf(message: string, stack: string): string | undefined {
  if (/currently locked by/.test(message)) {
    return `another run has locked the stack; if no run is active: pulumi cancel --stack ${stack}`;
  }
  if (/^[ \t]*fix: /m.test(message)) return "follow the message, and run the same command again";
  // azure-native recovers such a secret, but takes a missing right to do so for "nothing to recover"
  if (/deleted but recoverable state/.test(message)) {
    return 'the secret was deleted, and you cannot recover it: get the role "Key Vault Secrets Officer" at the Key Vault, then run the same command again';
  }
  const [, id, name] = /cannot create already existing resource '([^']*\/secrets\/([^/']+))'/.exec(message) ?? [];
  return id === undefined || name === undefined ? undefined : secretAdoptionLine(stack, name, id);
}
