import type { CarriedSecret } from "../carried-secret.ts";
import { mapBounded } from "../concurrency.ts";
import { needsProvenance, readsFor, type Facts } from "../decide.ts";
import { concurrency, type Run } from "../run-context.ts";
import type { SecretSource } from "../source.ts";
import type { VaultKv } from "../vault-kv.ts";

/** Reads what the lists do not prove unchanged, from both ends. */
export async function read(
  run: Run,
  source: SecretSource,
  kv: VaultKv,
  listed: ReadonlyMap<CarriedSecret, Facts>,
): Promise<ReadonlyMap<CarriedSecret, Facts>> {
  const entries = [...listed];
  const facts = await mapBounded(entries, concurrency, async ([secret, known]) => {
    return [secret, await readOne(run, source, kv, secret, known)] as const;
  });
  const changed = facts.filter(([, { source: value }]) => value !== undefined).length;
  run.log.info("read", { read: changed, provenUnchanged: entries.length - changed });
  return new Map(facts);
}

/** What the decision on one secret needs, beyond what is known of it. */
export async function readOne(
  { config, signal }: Run,
  source: SecretSource,
  kv: VaultKv,
  secret: CarriedSecret,
  known: Facts,
): Promise<Facts> {
  signal.throwIfAborted();
  const needed = readsFor(secret, known);
  const [value, held] = await Promise.all([
    needed.source && secret.source !== undefined ? source.read(secret.source) : undefined,
    needed.vault ? kv.value(secret.path) : undefined,
  ]);
  const { item, vault } = known;
  const facts: Facts = {
    // a version that came since the list is the one that was read
    vault: needed.vault
      ? { ...vault, live: held !== undefined, currentVersion: held?.version ?? vault.currentVersion }
      : vault,
    // listed and then not there: it went away, or was disabled, in between
    ...(item === undefined || (needed.source && value === undefined) ? {} : { item }),
    ...(value === undefined ? {} : { source: value }),
    ...(held?.value === undefined ? {} : { held: held.value }),
  };
  if (facts.held === undefined || secret.source === undefined || !needsProvenance(secret, facts, config)) return facts;
  return { ...facts, heldBefore: await source.heldBefore(secret.source, facts.held) };
}
