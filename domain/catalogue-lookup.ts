import type { Authority, Catalogue } from "./catalogue.ts";
import { normalise } from "./names.ts";
import { nearest } from "./nearest.ts";

/** What the catalogue says of a name. */
export type Classification =
  | Known<"secret", Authority>
  | Known<"cluster-managed", Exclude<Authority, "external">>
  | Known<"delivery", "external" | "generated">
  | Known<"in-cluster-delivery", "keycloak" | "service" | "generated">
  | Known<"setting", undefined>
  | Known<"retired", undefined>
  | { readonly kind: "unknown"; readonly authority: undefined; readonly nearest: string | undefined };

/** A name that the catalogue knows. */
interface Known<Kind extends string, Owner extends Authority | undefined> {
  readonly kind: Kind;
  readonly authority: Owner;
  /** The catalogue's own name or pattern; for a target's or ExternalSecret's name the target's. */
  readonly entry: string;
  readonly by: "name" | "alias" | "pattern";
  /** Who answers for it, such as `platform`. */
  readonly owner: string | undefined;
  readonly reason: string | undefined;
  /** Where to read on, such as `462`. */
  readonly see: string | undefined;
  /** Retired names only: what to use instead. */
  readonly use?: string | undefined;
}

interface Index {
  readonly exact: ReadonlyMap<string, Classification>;
  readonly patterns: readonly { readonly regexp: RegExp; readonly classification: Classification }[];
}

const indexes = new WeakMap<Catalogue, Index>();

/**
 * What the catalogue says of a variable, a secret, a Vault path or the name of a Kubernetes object.
 *
 * An exact name beats a pattern. Case does not matter, and `_`, `.` and `-` are one. Among exact names secrets come
 * first, then cluster-managed names, deliveries, retired names and settings; among patterns cluster-managed ones come
 * before settings, so that a wide setting never lets a secret through.
 */
export function classify(catalogue: Catalogue, name: string): Classification {
  const { exact, patterns } = indexOf(catalogue);
  const wanted = normalise(name);
  const found = exact.get(wanted) ?? patterns.find(({ regexp }) => regexp.test(wanted))?.classification;
  if (found !== undefined) return found;
  const close = nearest(wanted, exact.keys());
  const known = close === undefined ? undefined : exact.get(close);
  return { kind: "unknown", authority: undefined, nearest: known === undefined ? undefined : close };
}

/** Regular expression of a pattern of the catalogue, over normalised names; `*` stands for any run of characters. */
export function patternExpression(pattern: string): RegExp {
  const literal = normalise(pattern).replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${literal.replaceAll("*", ".*")}$`);
}

function indexOf(catalogue: Catalogue): Index {
  const known = indexes.get(catalogue);
  if (known !== undefined) return known;
  const index = buildIndex(catalogue);
  indexes.set(catalogue, index);
  return index;
}

function buildIndex(catalogue: Catalogue): Index {
  const exact = new Map<string, Classification>();
  const patterns: { regexp: RegExp; classification: Classification }[] = [];
  const add = (name: string, classification: Classification): void => {
    const key = normalise(name);
    if (!exact.has(key)) exact.set(key, classification);
  };

  for (const [name, secret] of Object.entries(catalogue.secrets)) {
    const { authority } = secret;
    const own = { kind: "secret", authority, entry: name, ...provenanceOf(secret) } as const;
    const variable = authority === "external" ? [secret.env] : [];
    const keyVault = authority === "external" && secret.keyVault !== undefined ? [secret.keyVault] : [];
    for (const same of [name, ...variable, ...keyVault, secret.vault ?? name]) add(same, { ...own, by: "name" });
    for (const alias of secret.aliases ?? []) add(alias, { ...own, by: "alias" });
  }
  for (const managed of catalogue.clusterManaged) {
    const entry = managed.name ?? managed.pattern ?? "";
    const own = { kind: "cluster-managed", authority: managed.authority, entry, ...provenanceOf(managed) } as const;
    if (managed.name !== undefined) add(managed.name, { ...own, by: "name" });
    for (const alias of managed.aliases ?? []) add(alias, { ...own, by: "alias" });
    if (managed.pattern !== undefined) {
      patterns.push({ regexp: patternExpression(managed.pattern), classification: { ...own, by: "pattern" } });
    }
  }
  for (const [target, delivery] of Object.entries(catalogue.inClusterDeliveries)) {
    const { authority, externalSecret, keys } = delivery;
    const own = { kind: "in-cluster-delivery", authority, entry: target, ...provenanceOf(delivery) } as const;
    for (const same of [target, externalSecret]) add(same, { ...own, by: "name" });
    for (const path of Object.values(keys)) {
      add(path, { ...own, kind: "cluster-managed", entry: path, by: "name" });
    }
  }
  for (const { clientId, vaultKey } of catalogue.keycloakClients) {
    const reason = `secret of the Keycloak client ${clientId}`;
    const own = { owner: undefined, reason, see: "462" };
    add(vaultKey, { kind: "cluster-managed", authority: "keycloak", entry: vaultKey, by: "name", ...own });
  }
  for (const [target, delivery] of Object.entries(catalogue.deliveries)) {
    const own = {
      kind: "delivery",
      authority: "external",
      entry: target,
      by: "name",
      ...provenanceOf(delivery),
    } as const;
    for (const same of [target, delivery.externalSecret ?? `${target}-sync`]) add(same, own);
  }
  for (const [name, retired] of Object.entries(catalogue.retired)) {
    const own = { ...provenanceOf(retired), use: retired.use };
    add(name, { kind: "retired", authority: undefined, entry: name, by: "name", ...own });
  }
  for (const setting of catalogue.settings) {
    const own = { kind: "setting", authority: undefined, entry: setting, ...provenanceOf({}) } as const;
    if (setting.includes("*")) {
      patterns.push({ regexp: patternExpression(setting), classification: { ...own, by: "pattern" } });
    } else {
      add(setting, { ...own, by: "name" });
    }
  }
  return { exact, patterns };
}

interface Provenance {
  readonly owner?: string | undefined;
  readonly reason?: string | undefined;
  readonly see?: string | undefined;
}

function provenanceOf({ owner, reason, see }: Provenance): Required<Provenance> {
  return { owner, reason, see };
}
