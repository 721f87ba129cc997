import { patternExpression } from "./lookup.ts";
import type { Authority, Catalogue } from "./catalogue.ts";
import { normalise } from "../names.ts";

export interface ClusterOwner {
  /** Name or pattern of the entry under `clusterManaged`. */
  readonly entry: string;
  readonly authority: Authority;
  readonly by: "name" | "pattern";
}

interface Owners {
  readonly exact: ReadonlyMap<string, ClusterOwner>;
  readonly patterns: readonly { readonly regexp: RegExp; readonly owner: ClusterOwner }[];
}

const known = new WeakMap<Catalogue["clusterManaged"], Owners>();

/**
 * Who in the cluster owns a name by `clusterManaged` alone: for the targets of deliveries, which are entries of their own.
 * An exact name beats a pattern.
 */
export function clusterOwnerOf(
  { clusterManaged }: Pick<Catalogue, "clusterManaged">,
  name: string,
): ClusterOwner | undefined {
  const owners = known.get(clusterManaged) ?? ownersOf(clusterManaged);
  known.set(clusterManaged, owners);
  const wanted = normalise(name);
  return owners.exact.get(wanted) ?? owners.patterns.find(({ regexp }) => regexp.test(wanted))?.owner;
}

function ownersOf(clusterManaged: Catalogue["clusterManaged"]): Owners {
  const exact = new Map<string, ClusterOwner>();
  const patterns: { regexp: RegExp; owner: ClusterOwner }[] = [];
  for (const { name, aliases = [], pattern, authority } of clusterManaged) {
    for (const own of [name, ...aliases]) {
      if (own === undefined || exact.has(normalise(own))) continue;
      exact.set(normalise(own), { entry: name ?? own, authority, by: "name" });
    }
    if (pattern === undefined) continue;
    patterns.push({ regexp: patternExpression(pattern), owner: { entry: pattern, authority, by: "pattern" } });
  }
  return { exact, patterns };
}
