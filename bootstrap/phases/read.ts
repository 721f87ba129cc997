import { mapBounded } from "../../clients/pacing.ts";
import type { CarriedSecret } from "../decide.ts";
import { type Facts, needsProvenance, readsFor } from "../decide.ts";
import { concurrency, type Run } from "../run-context.ts";
import type { SecretSource } from "../source.ts";
import { absent, type VaultKv, type VaultState } from "../vault-kv.ts";

/** One paged list of the source, and what Vault's metadata says of our paths: two servers, asked at the same time. */
export async function list(
  { log }: Run,
  source: SecretSource,
  kv: VaultKv,
  secrets: readonly CarriedSecret[],
): Promise<ReadonlyMap<CarriedSecret, Facts>> {
  const [items, states] = await Promise.all([source.list(), statesOf(kv, secrets)]);
  log.info("listed", { source: source.description, inSource: items.size, wanted: secrets.length });
  return new Map(
    secrets.map((secret, index) => {
      const item = secret.source === undefined ? undefined : items.get(secret.source);
      const vault = states[index]!;
      return [secret, item === undefined ? { vault } : { vault, item }];
    }),
  );
}

async function statesOf(kv: VaultKv, secrets: readonly CarriedSecret[]): Promise<VaultState[]> {
  const present = await kv.present(secrets.map(({ path }) => path));
  return await mapBounded(secrets, concurrency.vault, async ({ path }) =>
    present.has(path) ? await kv.state(path) : absent,
  );
}

/** Only required secrets decide whether anything is written. The others are read while Vault writes. */
export async function read(
  run: Run,
  source: SecretSource,
  kv: VaultKv,
  listed: ReadonlyMap<CarriedSecret, Facts>,
): Promise<ReadonlyMap<CarriedSecret, Facts>> {
  const facts = await mapBounded([...listed], concurrency.source, async ([secret, known]) => {
    return [secret, secret.required ? await readOne(run, source, kv, secret, known) : known] as const;
  });
  const read = facts.filter(([, { source: value }]) => value !== undefined).length;
  const later = facts.filter(([secret, known]) => isReadLater(secret, known)).length;
  run.log.info("read", { read, later, provenUnchanged: facts.length - read - later });
  return new Map(facts);
}

export function isReadLater(secret: CarriedSecret, known: Facts): boolean {
  if (secret.required) return false;
  const needed = readsFor(secret, known);
  return needed.source || needed.vault;
}

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
