import type { BootstrapConfig } from "./bootstrap-config.ts";
import { digestOf } from "./names.ts";

/** A login of vault-bootstrap, with the paths that it may write; its policy has the same name. */
export interface BootstrapWriter {
  readonly role: string;
  /** Under the mount, without `data/`. */
  readonly paths: readonly string[];
}

/** Vault evaluates all rules of a token at each request: a thousand paths make it ten times as slow as one of these. */
const pathsOfOne = 64;
const pathsOfPart = 32;

/**
 * Divides the paths that vault-bootstrap writes among logins. Up to 64 paths there is one, with the role's own name.
 * Above that, a hash of the path decides its part: a new secret moves no other path, until the number of parts doubles.
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
