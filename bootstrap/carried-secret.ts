import type { BootstrapConfig } from "../domain/bootstrap-config.ts";
import { BootstrapFailure } from "./failure.ts";

/** One value that is carried to one path. */
export type CarriedSecret = Omit<BootstrapConfig["secrets"][number], "source"> & {
  /** Name in the source; external only. */
  readonly source?: string;
};

/**
 * The configuration's secrets and, as secrets of their own, its extra copies.
 *
 * @throws BootstrapFailure `bad-configuration` where two of them would write one path, naming both, or an external one
 * has no name in the source.
 */
export function carriedSecrets({ secrets, mappedSecrets }: BootstrapConfig): CarriedSecret[] {
  const copies = mappedSecrets.map(({ from, to }): CarriedSecret => ({
    name: `${from} -> ${to}`,
    authority: "external",
    source: from,
    path: to,
    required: false,
  }));
  const carried = [...(secrets as CarriedSecret[]), ...copies];
  const byPath = new Map<string, string>();
  const problems: string[] = [];
  for (const { name, path, authority, source } of carried) {
    const other = byPath.get(path);
    if (other !== undefined) problems.push(`${other} and ${name} both write ${path}`);
    byPath.set(path, name);
    if (authority === "external" && source === undefined) problems.push(`${name} is external and has no source`);
  }
  if (problems.length === 0) return carried;
  throw new BootstrapFailure(
    "bad-configuration",
    problems.join("; "),
    "give each secret and each of mappedSecrets a path of its own and a name in the source",
  );
}
