import { type Authority, type Catalogue, externalSecretName, sourcesOf } from "./catalogue.ts";
import { effectivePrefix, normalise, pathInEach, vaultPathOf } from "../names.ts";
import { nearest } from "../nearest.ts";

export type Classification =
  | KnownName
  | { readonly kind: "unknown"; readonly authority: undefined; readonly nearest: string | undefined };

type KnownName =
  | Known<"secret", Authority>
  | Known<"cluster-managed", Exclude<Authority, "external">>
  | Known<"delivery", "external" | "generated">
  | Known<"in-cluster-delivery", "keycloak" | "service" | "generated">
  | Known<"setting", undefined>
  | Known<"retired", undefined>;

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
  readonly exact: ReadonlyMap<string, KnownName>;
  /** The more literal before the less. */
  readonly patterns: readonly { readonly regexp: RegExp; readonly known: KnownName }[];
}

/** By catalogue, and by its `clusterManaged` for the index of that part alone. */
const indexes = new WeakMap<object, Index>();

/**
 * What the catalogue says of a variable, a secret, a Vault path or the name of a Kubernetes object. An exact name beats
 * a pattern, and the more literal pattern another one; case does not matter, and `_`, `.` and `-` are one. Settings
 * come last among patterns, so that a wide one never lets a secret through.
 */
export function classify(catalogue: Catalogue, name: string): Classification {
  const index = indexOf(catalogue, () => entriesOf(catalogue));
  return (
    find(index, name) ?? {
      kind: "unknown",
      authority: undefined,
      // computed on demand: most callers only need to know that the name is unknown
      get nearest() {
        return nearest(normalise(name), index.exact.keys());
      },
    }
  );
}

/** The same of the name of a secret in Key Vault. `secretPrefix`: not set means `env-`, `""` means no prefix. */
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

/** Who owns a name by `clusterManaged` alone: for the targets of deliveries, which are entries of their own. */
export function clusterOwnerOf({ clusterManaged }: Pick<Catalogue, "clusterManaged">, name: string) {
  const found = find(
    indexOf(clusterManaged, () => managedEntries(clusterManaged)),
    name,
  );
  if (found?.kind !== "cluster-managed") return undefined;
  return { entry: found.entry, authority: found.authority, by: found.by === "pattern" ? found.by : ("name" as const) };
}

/** Regular expression of a pattern of the catalogue, over normalised names; `*` matches any characters. */
export function patternExpression(pattern: string): RegExp {
  const literal = normalise(pattern).replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${literal.replaceAll("*", "(.*)")}$`);
}

/**
 * Every name (normalised) and pattern (a regular expression over such names, the first match holds), for a judge that
 * cannot call {@link classify}. Without an authority, a pattern is a setting or retired.
 */
export function ownedNames(catalogue: Catalogue) {
  const { exact, patterns } = indexOf(catalogue, () => entriesOf(catalogue));
  return {
    exact: [...exact].flatMap(([name, { kind, authority }]) =>
      authority === undefined ? [] : [{ name, kind, authority }],
    ),
    patterns: patterns.map(({ regexp, known }) => ({ source: regexp.source, authority: known.authority })),
  };
}

function find({ exact, patterns }: Index, name: string): KnownName | undefined {
  const wanted = normalise(name);
  const found = exact.get(wanted);
  if (found !== undefined) return found;
  for (const { regexp, known } of patterns) {
    const match = regexp.exec(wanted);
    if (match === null) continue;
    return known.use === undefined ? known : { ...known, use: known.use.replace("*", match[1] ?? "") };
  }
  return undefined;
}

/** Names that share an entry. The first entry that has a name keeps it. */
type Entry = readonly [names: readonly (string | undefined)[], known: KnownName];

function indexOf(key: object, entries: () => Iterable<Entry>): Index {
  const known = indexes.get(key);
  if (known !== undefined) return known;
  const exact = new Map<string, KnownName>();
  const patterns: { readonly regexp: RegExp; readonly known: KnownName; readonly rank: number }[] = [];
  for (const [names, one] of entries()) {
    for (const name of names) {
      if (name === undefined) continue;
      const literals = name.replaceAll("*", "").length;
      const rank = one.kind === "setting" ? literals : literals + 1000;
      if (one.by === "pattern") patterns.push({ regexp: patternExpression(name), known: one, rank });
      else if (!exact.has(normalise(name))) exact.set(normalise(name), one);
    }
  }
  const index = { exact, patterns: patterns.toSorted((a, b) => b.rank - a.rank) };
  indexes.set(key, index);
  return index;
}

function* entriesOf(catalogue: Catalogue): Generator<Entry> {
  const { secrets, clusterManaged, keycloakClients, inClusterDeliveries, deliveries, retired, settings } = catalogue;
  for (const [name, secret] of Object.entries(secrets)) {
    const own = { kind: "secret", authority: secret.authority, entry: name, ...provenanceOf(secret) } as const;
    const elsewhere = secret.authority === "external" ? [secret.env, secret.keyVault] : [];
    yield [[name, ...elsewhere, vaultPathOf(name, secret)], { ...own, by: "name" }];
    yield [secret.aliases ?? [], { ...own, by: "alias" }];
  }
  yield* managedEntries(clusterManaged);
  for (const { clientId, vaultKey } of keycloakClients) {
    const own = { owner: undefined, reason: `secret of the Keycloak client ${clientId}`, see: "462" };
    yield [[vaultKey], { kind: "cluster-managed", authority: "keycloak", entry: vaultKey, by: "name", ...own }];
  }
  for (const [target, delivery] of Object.entries(inClusterDeliveries)) {
    const { authority, externalSecret, keys } = delivery;
    const own = { by: "name", authority, ...provenanceOf(delivery) } as const;
    yield [[target, externalSecret], { kind: "in-cluster-delivery", entry: target, ...own }];
    for (const path of Object.values(keys).flatMap(pathInEach)) {
      yield [[path], { kind: "cluster-managed", entry: path, ...own }];
    }
  }
  for (const [target, delivery] of Object.entries(deliveries)) {
    // a Secret with a generated value is not external
    const isGenerated = sourcesOf(delivery).some(([, name]) => secrets[name]?.authority === "generated");
    const authority = isGenerated ? "generated" : "external";
    const own = { authority, entry: target, by: "name", ...provenanceOf(delivery) } as const;
    yield [[target, externalSecretName(target, delivery)], { kind: "delivery", ...own }];
  }
  for (const [entry, { use, ...about }] of Object.entries(retired)) {
    const own = { kind: "retired", authority: undefined, entry, ...provenanceOf(about), use } as const;
    yield [[entry], { ...own, by: entry.includes("*") ? "pattern" : "name" }];
  }
  for (const entry of settings) {
    const own = { kind: "setting", authority: undefined, entry, ...provenanceOf({}) } as const;
    yield [[entry], { ...own, by: entry.includes("*") ? "pattern" : "name" }];
  }
}

function* managedEntries(clusterManaged: Catalogue["clusterManaged"]): Generator<Entry> {
  for (const { name, pattern, aliases = [], authority, ...about } of clusterManaged) {
    const own = { kind: "cluster-managed", authority, entry: name ?? pattern ?? "", ...provenanceOf(about) } as const;
    yield [[name], { ...own, by: "name" }];
    yield [aliases, { ...own, by: "alias" }];
    yield [[pattern], { ...own, by: "pattern" }];
  }
}

type Provenance = Partial<Pick<Known<string, undefined>, "owner" | "reason" | "see">>;

function provenanceOf({ owner, reason, see }: Provenance): Required<Provenance> {
  return { owner, reason, see };
}
