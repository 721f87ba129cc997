import { customMetadataKeys } from "../../domain/bootstrap-config.ts";
import { mapBounded } from "../../clients/pacing.ts";
import { Redacted } from "../../domain/redacted.ts";
import { type Action, type CarriedSecret, decide, type Facts, isRecorded, type Outcome, recordFor } from "../decide.ts";
import { BootstrapFailure, messageOf } from "../failure.ts";
import { concurrency, type Run } from "../run-context.ts";
import type { SecretSource } from "../source.ts";
import { VaultError } from "../../clients/vault.ts";
import { CasMismatch, type VaultKv } from "../vault-kv.ts";
import type { Decision } from "./check.ts";
import { readOne } from "./read.ts";
import { randomInt } from "node:crypto";

/** A stopped run finishes the writes in progress. `outcomes` is filled meanwhile, so that it can report how far it came. */
export async function write(
  run: Run,
  source: SecretSource,
  kv: VaultKv,
  decisions: readonly Decision[],
  outcomes: Outcome[],
): Promise<void> {
  const carry = async (decision: Decision): Promise<void> => {
    run.signal.throwIfAborted();
    const outcome = await carryOut(run, source, kv, decision);
    const { expiresAt, expired = false } = decision.facts.item ?? {};
    outcomes.push(expiresAt === undefined ? outcome : { ...outcome, expiresAt });
    if (expired) run.log.warn("expired", { name: outcome.secret.name, at: expiresAt });
    tell(run, outcome);
  };
  const isLater = ({ action }: Decision): boolean => action.kind === "read";
  await mapBounded(
    decisions.filter((decision) => !isLater(decision)),
    concurrency.vault,
    carry,
  );
  await mapBounded(decisions.filter(isLater), concurrency.source, carry);
}

interface Step extends Decision {
  readonly action: Action;
}

async function carryOut(run: Run, source: SecretSource, kv: VaultKv, decision: Decision): Promise<Outcome> {
  const { secret } = decision;
  const read = async (known: Facts): Promise<Step> => {
    const facts = await readOne(run, source, kv, secret, known);
    return { secret, facts, action: decide(secret, facts, run.config) };
  };
  try {
    const { facts, action } = decision;
    const step = action.kind === "read" ? await read(facts) : { secret, facts, action };
    // generated once: if the answer of a write is lost, the value that it left is recognised
    const generates = step.action.kind === "write" && step.action.origin === "generated";
    const generated = generates ? generatedValue(secret.lengthInCharacters) : undefined;
    try {
      return await perform(run, kv, step, generated);
    } catch (error) {
      if (!(error instanceof CasMismatch)) throw error;
    }
    // another writer was faster, or the answer to our own write was lost: the current version is judged again, once
    const again = await read({ ...step.facts, vault: await kv.state(secret.path) });
    const { currentVersion: vaultVersion } = again.facts.vault;
    if (generated !== undefined && again.facts.held?.reveal() === generated.reveal())
      return await record(kv, again.facts, { secret, outcome: "written", vaultVersion });
    return await perform(run, kv, again, generated);
  } catch (error) {
    return failed(secret, error);
  }
}

async function perform(
  run: Run,
  kv: VaultKv,
  { secret, facts, action }: Step,
  generated: Redacted | undefined,
): Promise<Outcome> {
  const sourceVersion = facts.source?.version ?? facts.vault.customMetadata[customMetadataKeys.sourceVersion];
  const version = sourceVersion === undefined ? {} : { sourceVersion };
  const { currentVersion } = facts.vault;
  if (action.kind === "leave") {
    const { outcome, reason, cause } = action;
    return {
      secret,
      outcome,
      ...version,
      ...(reason === undefined ? {} : { reason }),
      ...(cause === undefined ? {} : { cause }),
      ...(currentVersion === 0 ? {} : { vaultVersion: currentVersion }),
    };
  }
  if (action.kind === "record") {
    const record = recordFor(secret, facts, currentVersion);
    if (!run.dryRun && !isRecorded(facts.vault, record)) await kv.record(secret.path, record);
    return { secret, outcome: "unchanged", ...version, vaultVersion: currentVersion };
  }
  const reason = action.origin === "source" ? {} : { reason: action.origin };
  if (run.dryRun) return { secret, outcome: "written", ...reason, ...version };
  const vaultVersion = await kv.write(secret.path, valueFor(action.origin, secret, facts, generated), action.cas);
  return await record(kv, facts, { secret, outcome: "written", ...reason, ...version, vaultVersion });
}

/** Marks a value that was just written as ours. Without the record it counts as written all the same, and the run fails. */
async function record(
  kv: VaultKv,
  facts: Facts,
  written: Outcome & { readonly vaultVersion: number },
): Promise<Outcome> {
  const { secret, vaultVersion } = written;
  try {
    await kv.record(secret.path, recordFor(secret, facts, vaultVersion));
    return written;
  } catch (error) {
    const { cause = "internal-error", reason = "" } = failed(secret, error);
    return { ...written, cause, reason: `written, but not recorded: ${reason}` };
  }
}

function valueFor(
  origin: "source" | "generated" | "fixture",
  { fixture, lengthInCharacters }: CarriedSecret,
  { source }: Facts,
  generated: Redacted | undefined,
): Redacted {
  if (origin === "fixture" && fixture !== undefined) return new Redacted(fixture);
  if (origin === "source" && source !== undefined) return source.value;
  return generated ?? generatedValue(lengthInCharacters);
}

/** One secret's own failure; what concerns Vault as a whole ends the run instead. */
function failed(secret: CarriedSecret, error: unknown): Outcome {
  if (error instanceof CasMismatch) {
    const reason = "conflict: another writer changed it at the same time";
    return { secret, outcome: "failed", reason, cause: "conflict" };
  }
  if (!(error instanceof VaultError) || error.status >= 500 || error.status === 429) throw error;
  const cause = error.status === 403 ? "vault-policy-refused" : "internal-error";
  return { secret, outcome: "failed", reason: messageOf(error), cause };
}

function tell({ log, dryRun }: Run, { secret, outcome, reason, cause, sourceVersion, vaultVersion }: Outcome): void {
  // unchanged secrets, and optional ones without a value, are only counted: there can be thousands
  if (outcome === "unchanged" && (reason === undefined || vaultVersion === undefined)) return;
  const fields = { name: secret.name, path: secret.path, outcome, reason, sourceVersion, vaultVersion };
  if (cause !== undefined) log.error("secret", fields);
  else log.info(dryRun && outcome === "written" ? "would-write" : "secret", fields);
}

export function failureOf(outcomes: readonly Outcome[]): BootstrapFailure | undefined {
  const failures = outcomes.filter((one) => one.cause !== undefined);
  const precedence = ["vault-policy-refused", "conflict", "value-refused", "internal-error"] as const;
  const cause = precedence.find((one) => failures.some((failure) => failure.cause === one));
  if (cause === undefined) return undefined;
  const named = failures.slice(0, 20).map(({ secret, reason }) => `${secret.name} (${reason ?? "no reason"})`);
  return new BootstrapFailure(
    cause,
    `${failures.length} of ${outcomes.length} secrets failed: ${named.join(", ")}`,
    fixes[cause],
  );
}

const fixes = {
  "vault-policy-refused": "ameide-secrets up --stack <stack> writes the bootstrap's policy from the catalogue",
  conflict: "find the other writer and stop it: ameide-secrets lineage NAME --stack <stack>",
  "value-refused": "put a real value into the source: ameide-secrets env push",
  "internal-error": "check the reasons and Vault's log",
} as const;

/** Letters and digits alone: such a value needs no quoting in a URL, a shell or an INI file. */
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** @param lengthInCharacters - @default 48, which is 285 bits. */
export function generatedValue(lengthInCharacters = 48): Redacted {
  return new Redacted(Array.from({ length: lengthInCharacters }, () => alphabet[randomInt(alphabet.length)]).join(""));
}
