import type { Authority, Catalogue } from "../../domain/catalogue/catalogue.ts";
import { normalise } from "../../domain/names.ts";
import { classifyKey } from "../authority-verdicts.ts";
import { isOnlySchema, parseContent, splitDocuments } from "../subject/documents.ts";
import { subjectsOfDocument } from "../subject/from-document.ts";
import { partsIn } from "../subject/parts.ts";
import { isRecord, list, text } from "../subject/reading.ts";
import { referencesOf, specText, targetOf } from "../subject/references.ts";
import { tryText, type Subject } from "../subject/subject.ts";
import { vaultPath } from "../subject/vault-path.ts";
import { isDotenv, isDotenvExample, type SourceFile } from "./paths.ts";

/** A name that the catalogue does not know, with what the manifests show about its owner. */
export interface LearnedName {
  /** Path in Vault, or name of a Kubernetes Secret. */
  readonly name: string;
  /** `external` where nothing in the files creates or writes it. */
  readonly authority: Authority;
  /** What shows it, such as `Cluster database/postgres`. */
  readonly evidence: string;
  /** Namespaces that read it by ExternalSecrets, sorted. */
  readonly readers: readonly string[];
}

/** What an object says about names: who owns them, or who reads them. */
interface Claim {
  readonly name: string;
  readonly authority: Exclude<Authority, "external"> | undefined;
  readonly evidence: string;
  readonly reader?: string | undefined;
  /** Kubernetes Secret that is copied under this name; who owns it owns the copy. */
  readonly copyOf?: string | undefined;
}

/**
 * Reads manifests for names that the catalogue does not know and for their owners: databases of CloudNativePG, PushSecrets,
 * generators, certificates, Keycloak and Redis. A name that an ExternalSecret reads and nothing creates is external.
 *
 * @returns sorted by authority and name; a name with two claims belongs to the one that creates it.
 */
export function learnNames(sources: Iterable<SourceFile>, catalogue: Catalogue): readonly LearnedName[] {
  const byName = new Map<string, Claim[]>();
  for (const source of sources) {
    for (const claim of claimsIn(source)) {
      if (classifyKey(catalogue, claim.name).kind !== "unknown") continue;
      const key = normalise(claim.name);
      byName.set(key, [...(byName.get(key) ?? []), claim]);
    }
  }
  const ownerOf = (name: string): Claim | undefined =>
    byName.get(normalise(name))?.find(({ authority }) => authority !== undefined);
  return [...byName.values()]
    .flatMap((claims): readonly LearnedName[] => {
      const claim = claims.find(({ authority }) => authority !== undefined) ?? claims[0];
      if (claim === undefined) return [];
      const source = claim.copyOf === undefined ? undefined : ownerOf(claim.copyOf);
      const owner = { ...claim, authority: source?.authority ?? claim.authority };
      const readers = [...new Set(claims.flatMap(({ reader }) => reader ?? []))].toSorted();
      return [{ name: owner.name, authority: owner.authority ?? "external", evidence: owner.evidence, readers }];
    })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function claimsIn({ file, text: written }: SourceFile): readonly Claim[] {
  if (isDotenv(file) || isDotenvExample(file)) return [];
  return splitDocuments(written).flatMap((document) => {
    if (
      isOnlySchema(document) ||
      !/external-secrets\.io|cnpg\.io|cert-manager\.io|keycloak\.org|redis/i.test(document.text)
    )
      return [];
    try {
      const parsed = parseContent(document);
      const objects = [parsed.content, ...partsIn(parsed).map(({ content }) => content)];
      return objects.flatMap((object) => itemsOf(object)).flatMap((object) => claimsOf(object, file));
    } catch {
      return []; // lint reports what cannot be parsed
    }
  });
}

function itemsOf(object: unknown): readonly unknown[] {
  const items = list(object, "items");
  return items.length > 0 ? items : [object];
}

function claimsOf(object: unknown, file: string): readonly Claim[] {
  if (!isRecord(object)) return [];
  const kind = tryText(object, "kind") ?? "";
  const name = tryText(object, "metadata", "name");
  if (name === undefined) return [];
  const group = (tryText(object, "apiVersion") ?? "").replace(/\/.*$/, "");
  const namespace = tryText(object, "metadata", "namespace");
  const evidence = `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`;
  const owns = (authority: NonNullable<Claim["authority"]>, names: readonly (string | undefined)[]) =>
    names.flatMap((one) => (one === undefined ? [] : [{ name: one, authority, evidence }]));
  switch (`${group}/${kind}`) {
    // https://cloudnative-pg.io/documentation/current/applications/
    case "postgresql.cnpg.io/Cluster":
      return owns(
        "cnpg",
        ["app", "superuser", "ca", "server", "replication"].map((part) => `${name}-${part}`),
      );
    case "cert-manager.io/Certificate":
      return owns("tls", [text(object, "spec", "secretName")]);
    case "k8s.keycloak.org/Keycloak":
      return owns("keycloak", [`${name}-initial-admin`]);
    case "redis.redis.opstreelabs.in/Redis":
    case "redis.redis.opstreelabs.in/RedisCluster":
    case "databases.spotahome.com/RedisFailover":
      return owns("redis", [
        text(object, "spec", "kubernetesConfig", "redisSecret", "name") ?? text(object, "spec", "auth", "secretPath"),
      ]);
    default:
      return subjectsOfDocument(object, file).flatMap((subject) => claimsOfSubject(subject, evidence, namespace));
  }
}

function claimsOfSubject(subject: Subject, evidence: string, namespace: string | undefined): readonly Claim[] {
  const isPush = subject.kind === "PushSecret" || subject.kind === "ClusterPushSecret";
  if (!isPush && subject.kind !== "ExternalSecret" && subject.kind !== "ClusterExternalSecret") return [];
  const references = referencesOf(subject);
  if (references.some(({ role }) => role === "generator")) {
    const made = isPush ? undefined : targetOf(subject);
    const written = references.filter(({ role }) => role === "written-path").flatMap(({ key }) => key() ?? []);
    return [...(made === undefined ? [] : [made]), ...written].map((name) => ({
      name: vaultPath(name),
      authority: "generated",
      evidence,
    }));
  }
  const copyOf = isPush ? specText(subject, "selector", "secret", "name") : undefined;
  return references.flatMap(({ role, key }): readonly Claim[] => {
    const name = role === "vault-path" || role === "written-path" ? key() : undefined;
    if (name === undefined) return [];
    const own = { name: vaultPath(name), evidence };
    return [
      role === "written-path"
        ? { ...own, authority: "service", copyOf }
        : { ...own, authority: undefined, reader: namespace },
    ];
  });
}
