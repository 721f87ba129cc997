import { classify, classifyKeyVaultName, type Classification } from "../domain/catalogue/lookup.ts";
import type { Catalogue } from "../domain/catalogue/catalogue.ts";
import { defaultSecretPrefix, normalise } from "../domain/names.ts";
import { vaultPath } from "./subject/vault-path.ts";

const seen = new WeakMap<Catalogue, Map<string, Classification>>();

/**
 * What the catalogue says of a key as people write it: `ghcr-token`, `secret/data/GHCR_TOKEN`, `/platform/db-password`.
 * A path that it does not know is judged by its last part too, but only to its disadvantage: `dev/platform-db-password`
 * is CNPG's, `dev/ghcr-token` is unknown. How a name begins says what it is about and not who creates it, so a pattern
 * that is open at its end does not count there: `objectstore/postgres-backups` is a bucket's key.
 */
export function classifyKey(catalogue: Catalogue, key: string): Classification {
  const known = seen.get(catalogue) ?? new Map<string, Classification>();
  seen.set(catalogue, known);
  const found = known.get(key) ?? classifyPath(catalogue, key);
  known.set(key, found);
  return found;
}

function classifyPath(catalogue: Catalogue, key: string): Classification {
  const path = vaultPath(key);
  const whole = classify(catalogue, path);
  if (whole.kind !== "unknown" || !path.includes("/")) return whole;
  const last = classify(catalogue, path.slice(path.lastIndexOf("/") + 1));
  const isOwned = last.kind === "cluster-managed" || last.kind === "in-cluster-delivery";
  return isOwned && !(last.by === "pattern" && last.entry.endsWith("*")) ? last : whole;
}

/** The name of a Key Vault secret: by the prefix that its stack sets, or with the usual one and without where none is known. */
export function classifyKeyVaultKey(catalogue: Catalogue, name: string, prefix: string | undefined): Classification {
  if (prefix !== undefined) return classifyKeyVaultName(catalogue, name, prefix);
  const whole = classifyKey(catalogue, name);
  const lower = normalise(name);
  if (whole.kind !== "unknown" || !lower.startsWith(defaultSecretPrefix)) return whole;
  const bare = classifyKey(catalogue, lower.slice(defaultSecretPrefix.length));
  return bare.kind === "unknown" ? whole : bare;
}
