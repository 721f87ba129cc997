import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { errorsOf } from "../../../domain/finding.ts";
import { secretAdoptionLine } from "../../../domain/resources/adoption.ts";
import { UserError } from "../../../domain/user-error.ts";
import { RunLog, type Change, type FailedObject } from "./run-log.ts";
import { rules } from "../../../policies/rules.ts";

export interface RunOptions {
  /** Folders of policy packs; empty only where there is nothing to judge. */
  readonly policyPacks: readonly string[];
  readonly signal: AbortSignal;
  /** URNs, `**` allowed; everything where left out. */
  readonly target?: readonly string[];
  /** URNs that are left as they are, also where the program lacks them. @default - none */
  readonly exclude?: readonly string[];
  /** Whether the engine looks at the world before it compares: what was deleted or changed by hand is then put right. @default false */
  readonly refresh?: boolean;
  /** Says why objects did not become ready, for the error of a failed update. @default - the engine's own words are all */
  readonly explain?: (failed: readonly FailedObject[]) => Promise<readonly string[]>;
}

export interface RunResult {
  readonly changes: readonly Change[];
  /** Violations below mandatory: reported, but the run continues. */
  readonly advisories: RunLog["violations"];
  readonly outputs?: Readonly<Record<string, unknown>>;
}

/**
 * Previews with the pack. Stack rules and the Automation API's own `up` come too late to stop anything, so every
 * update of ours goes through here first.
 *
 * @throws UserError with all mandatory violations; when a rule could not run;
 *   when the engine failed, with its own words.
 */
export async function previewStack(stack: Stack, options: RunOptions): Promise<RunResult> {
  return watched("preview", stack, options, async (log) => {
    await stack.preview({ ...runOptions(options), onEvent: log.listen });
  });
}

/**
 * Updates, with the pack judging again now that everything is known. Throws as {@link previewStack} does, and when a verdict
 * was still left open.
 */
export async function updateStack(stack: Stack, options: RunOptions): Promise<RunResult> {
  return watched("update", stack, options, async (log) => {
    await stack.up({ ...runOptions(options), onEvent: log.listen });
    return Object.fromEntries(
      Object.entries(await stack.outputs())
        .filter(([, { secret }]) => !secret)
        .map(([key, { value }]) => [key, value]),
    );
  });
}

function runOptions({ policyPacks, signal, target, exclude, refresh = false }: RunOptions) {
  return {
    policyPacks: [...policyPacks],
    signal,
    refresh,
    color: "never" as const,
    suppressProgress: true,
    // the command line prints its own account; the engine's is kept for the error only
    onOutput: () => {},
    onError: () => {},
    ...(target === undefined ? {} : { target: [...target], targetDependents: false }),
    ...(exclude === undefined ? {} : { exclude: [...exclude] }),
  };
}

/** One run of the engine, heard by a {@link RunLog}; how it fails is the same for each. */
export async function watched(
  verb: "preview" | "update" | "destroy",
  stack: Stack,
  { signal, explain }: Pick<RunOptions, "signal" | "explain">,
  run: (log: RunLog) => Promise<Record<string, unknown> | void>,
): Promise<RunResult> {
  const log = new RunLog(rules);
  let outputs: Record<string, unknown> | void;
  try {
    outputs = await run(log);
  } catch (error) {
    signal.throwIfAborted();
    const refused = errorsOf(log.violations);
    if (refused.length > 0) throw UserError.from(refused);
    throw failed(verb, stack.name, [...errorTexts(log, error), ...((await explain?.(log.failedObjects)) ?? [])], error);
  }
  if (log.skippedRules.length > 0) throw openGate(log.skippedRules);
  if (verb === "update" && log.undecided.length > 0) throw undecided(log.undecided);
  return {
    changes: log.changes,
    advisories: log.violations.filter(({ severity }) => severity !== "error"),
    ...(outputs === undefined ? {} : { outputs }),
  };
}

function openGate(skipped: readonly string[]): UserError {
  return UserError.of(
    "policy-did-not-run",
    `${skipped.length} rule(s) of the pack could not run and judged nothing:\n${skipped.map((s) => `    ${s}`).join("\n")}`,
    "this is a bug in the rule, not in your stack: report it with the text above",
  );
}

/** In an update the pack refuses what it cannot decide, unless it does not know that this is an update. */
function undecided(left: readonly string[]): UserError {
  return UserError.of(
    "policy-stayed-undecided",
    `${left.length} finding(s) of the pack were left to the update, but the update did not report them:\n${left.map((s) => `    ${s}`).join("\n")}`,
    "this is a bug in the pack or its host, not in your stack: report it with the text above",
  );
}

function failed(verb: string, stack: string, texts: readonly string[], cause: unknown): UserError {
  const message = texts.join("\n    ");
  const fix =
    fixOf(message, stack) ?? "fix what the message names and run the same command again: it continues where it stopped";
  return UserError.of(`${verb}-failed`, `the ${verb} of stack ${stack} failed:\n    ${message}`, fix, { cause });
}

function errorTexts({ errors }: RunLog, cause: unknown): readonly string[] {
  if (errors.length > 0) return errors;
  return [cause instanceof Error ? tail(cause.message) : String(cause)];
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

function tail(text: string): string {
  return text.trim().split("\n").slice(-15).join("\n    ");
}
