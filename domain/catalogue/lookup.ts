import { type Authority, type Catalogue, externalSecretName, sourcesOf } from "./catalogue.ts";
import { effectivePrefix, normalise, pathInEach, vaultPathOf } from "../names.ts";
import { nearest } from "../nearest.ts";

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

type KnownName = Exclude<Classification, { kind: "unknown" }>;

interface Pattern {
  readonly regexp: RegExp;
  readonly classification: KnownName;
  /** Number of characters other than `*`. */
  readonly literals: number;
}

interface Index {
  readonly exact: ReadonlyMap<string, KnownName>;
  /** The more literal before the less. */
  readonly patterns: readonly Pattern[];
}

const indexes = new WeakMap<Catalogue, Index>();

/**
 * What the catalogue says of a variable, a secret, a Vault path or the name of a Kubernetes object.
 *
 * An exact name beats a pattern. Case does not matter, and `_`, `.` and `-` are one. Among exact names secrets come
 * first, then cluster-managed names, deliveries, retired names and settings. Among patterns retired and cluster-managed
 * ones come before settings, so that a wide setting never lets a secret through; of two the more literal one holds.
 */
export function classify(catalogue: Catalogue, name: string): Classification {
  const { exact, patterns } = indexOf(catalogue);
  const wanted = normalise(name);
  const found = exact.get(wanted);
  if (found !== undefined) return found;
  for (const { regexp, classification } of patterns) {
    const match = regexp.exec(wanted);
    if (match !== null) return withMatch(classification, match[1] ?? "");
  }
  return {
    kind: "unknown",
    authority: undefined,
    // computed on demand: most callers only need to know that the name is unknown
    get nearest() {
      return nearest(wanted, exact.keys());
    },
  };
}

/**
 * What the catalogue says of the name of a secret in Key Vault, where each bears the prefix before its own name.
 *
 * @param secretPrefix - not set means `env-`, `""` means no prefix.
 */
export function classifyKeyVaultName(
  catalogue: Catalogue,
  name: string,
  secretPrefix: string | undefined,
): Classification {
  const prefix = effectivePrefix(secretPrefix);
  const own = name.toLowerCase().startsWith(prefix) ? classify(catalogue, name.slice(prefix.length)) : undefined;
  // a name that only begins like the prefix, or that something else created without it, is looked up unchanged
  return own === undefined || own.kind === "unknown" ? classify(catalogue, name) : own;
}

/** A retired pattern's replacement, with what `*` matched in its place. */
function withMatch(known: KnownName, matched: string): KnownName {
  return known.use === undefined ? known : { ...known, use: known.use.replace("*", matched) };
}

/** Regular expression of a pattern of the catalogue, over normalised names; `*` matches any characters. */
export function patternExpression(pattern: string): RegExp {
  const literal = normalise(pattern).replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${literal.replaceAll("*", "(.*)")}$`);
}

/** A name of the catalogue that somebody owns. */
export interface OwnedName {
  /** Normalised. */
  readonly name: string;
  readonly kind: KnownName["kind"];
  readonly authority: Authority;
}

/**
 * Every name and pattern, for a judge that cannot call {@link classify}: an exact name beats a pattern, an earlier pattern
 * a later one.
 */
export function ownedNames(catalogue: Catalogue): {
  readonly exact: readonly OwnedName[];
  /** Regular expressions over normalised names; without an authority, a name is a setting or retired. */
  readonly patterns: readonly { readonly source: string; readonly authority: Authority | undefined }[];
} {
  const { exact, patterns } = indexOf(catalogue);
  return {
    exact: [...exact].flatMap(([name, { kind, authority }]) =>
      authority === undefined ? [] : [{ name, kind, authority }],
    ),
    patterns: patterns.map(({ regexp, classification }) => ({
      source: regexp.source,
      authority: classification.authority,
    })),
  };
}

function indexOf(catalogue: Catalogue): Index {
  const known = indexes.get(catalogue);
  if (known !== undefined) return known;
  const index = buildIndex(catalogue);
  indexes.set(catalogue, index);
  return index;
}

function buildIndex(catalogue: Catalogue): Index {
  const exact = new Map<string, KnownName>();
  const patterns: Pattern[] = [];
  const add = (name: string, known: KnownName): void => {
    const key = normalise(name);
    if (!exact.has(key)) exact.set(key, known);
  };
  const addPattern = (pattern: string, classification: KnownName): void => {
    patterns.push({ regexp: patternExpression(pattern), classification, literals: pattern.replaceAll("*", "").length });
  };

  for (const [name, secret] of Object.entries(catalogue.secrets)) {
    const { authority } = secret;
    const own = { kind: "secret", authority, entry: name, ...provenanceOf(secret) } as const;
    const variable = authority === "external" ? [secret.env] : [];
    const keyVault = authority === "external" && secret.keyVault !== undefined ? [secret.keyVault] : [];
    for (const same of [name, ...variable, ...keyVault, vaultPathOf(name, secret)]) add(same, { ...own, by: "name" });
    for (const alias of secret.aliases ?? []) add(alias, { ...own, by: "alias" });
  }
  for (const managed of catalogue.clusterManaged) {
    const entry = managed.name ?? managed.pattern ?? "";
    const own = { kind: "cluster-managed", authority: managed.authority, entry, ...provenanceOf(managed) } as const;
    if (managed.name !== undefined) add(managed.name, { ...own, by: "name" });
    for (const alias of managed.aliases ?? []) add(alias, { ...own, by: "alias" });
    if (managed.pattern !== undefined) addPattern(managed.pattern, { ...own, by: "pattern" });
  }
  for (const { clientId, vaultKey } of catalogue.keycloakClients) {
    const own = { owner: undefined, reason: `secret of the Keycloak client ${clientId}`, see: "462" };
    add(vaultKey, { kind: "cluster-managed", authority: "keycloak", entry: vaultKey, by: "name", ...own });
  }
  for (const [target, delivery] of Object.entries(catalogue.inClusterDeliveries)) {
    const { authority, externalSecret, keys } = delivery;
    const own = { by: "name", authority, ...provenanceOf(delivery) } as const;
    for (const same of [target, externalSecret]) add(same, { kind: "in-cluster-delivery", entry: target, ...own });
    for (const path of Object.values(keys).flatMap(pathInEach)) {
      add(path, { kind: "cluster-managed", entry: path, ...own });
    }
  }
  for (const [target, delivery] of Object.entries(catalogue.deliveries)) {
    // its Secret is as little external as what is in it
    const isGenerated = sourcesOf(delivery).some(([, name]) => catalogue.secrets[name]?.authority === "generated");
    const authority = isGenerated ? "generated" : "external";
    const own = { authority, entry: target, by: "name", ...provenanceOf(delivery) } as const;
    for (const same of [target, externalSecretName(target, delivery)]) add(same, { kind: "delivery", ...own });
  }
  for (const [name, retired] of Object.entries(catalogue.retired)) {
    const own = {
      kind: "retired",
      authority: undefined,
      entry: name,
      ...provenanceOf(retired),
      use: retired.use,
    } as const;
    if (name.includes("*")) addPattern(name, { ...own, by: "pattern" });
    else add(name, { ...own, by: "name" });
  }
  for (const setting of catalogue.settings) {
    const own = { kind: "setting", authority: undefined, entry: setting, ...provenanceOf({}) } as const;
    if (setting.includes("*")) addPattern(setting, { ...own, by: "pattern" });
    else add(setting, { ...own, by: "name" });
  }
  return { exact, patterns: patterns.toSorted((a, b) => rank(a) - rank(b) || b.literals - a.literals) };
}

/** Settings last: a wide one must not let a secret through. */
function rank({ classification }: Pattern): number {
  return classification.kind === "setting" ? 1 : 0;
}

interface Provenance {
  readonly owner?: string | undefined;
  readonly reason?: string | undefined;
  readonly see?: string | undefined;
}

function provenanceOf({ owner, reason, see }: Provenance): Required<Provenance> {
  return { owner, reason, see };
}

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
