import type { BootstrapConfig } from "./bootstrap-config.ts";
import { digestOf } from "./names.ts";

/** A login of vault-bootstrap, with the paths that it may write; its policy has the same name. */
export interface BootstrapWriter {
  readonly role: string;
  /** Under the mount, without `data/`. */
  readonly paths: readonly string[];
}

/**
 * Vault works a token's rules out anew at each request, two rules a path: a policy of a thousand paths makes a request ten
 * times as dear as one of these, and one of some thousands is over what Vault stores as one entry.
 */
const pathsOfOne = 64;
const pathsOfPart = 32;

/**
 * Parts what vault-bootstrap writes among logins, so that each request pays for some dozens of paths, not for all. Up to
 * 64 paths there is one, by the role's own name. Beyond, a path's part follows from its name alone: another secret moves
 * nobody, until the number of parts doubles.
 */
export function bootstrapWriters({
  vault,
  secrets,
  mappedSecrets,
}: Pick<BootstrapConfig, "secrets" | "mappedSecrets"> & {
  readonly vault: Pick<BootstrapConfig["vault"], "role">;
}): readonly BootstrapWriter[] {
  const { role } = vault;
  const paths = [...new Set([...secrets.map(({ path }) => path), ...mappedSecrets.map(({ to }) => to)])];
  if (paths.length <= pathsOfOne) return [{ role, paths }];
  const parts = 2 ** Math.ceil(Math.log2(paths.length / pathsOfPart));
  const byPart = Map.groupBy(paths, (path) => Number.parseInt(digestOf([path]), 16) % parts);
  return [...byPart]
    .toSorted(([a], [b]) => a - b)
    .map(([part, own]) => ({ role: `${role}-${part + 1}-of-${parts}`, paths: own }));
}
