import { mapBounded } from "../../clients/pacing.ts";
import type { CarriedSecret } from "../carried-secret.ts";
import type { Facts } from "../decide.ts";
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

/** In order of the secrets. */
async function statesOf(kv: VaultKv, secrets: readonly CarriedSecret[]): Promise<VaultState[]> {
  const present = await kv.present(secrets.map(({ path }) => path));
  return await mapBounded(secrets, concurrency.vault, async ({ path }) =>
    present.has(path) ? await kv.state(path) : absent,
  );
}
