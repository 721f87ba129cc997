import type { Authority, Catalogue } from "../../domain/catalogue/catalogue.ts";
import { normalise } from "../../domain/names.ts";
import { classifyKey } from "../authority-verdicts.ts";
import { isOnlySchema, parseContent, splitDocuments } from "../subject/documents.ts";
import { subjectOfManifest } from "../subject/kinds.ts";
import { appliedIn } from "../subject/parts.ts";
import { groupKindOf, list, text } from "../subject/reading.ts";
import { deliveryKinds, pushKinds, referencesAs, referencesOf, specText, targetOf } from "../subject/references.ts";
import { secretsMade } from "../subject/secret-makers.ts";
import { nameOf, tryText, type Subject } from "../subject/subject.ts";
import { vaultPath } from "../subject/vault-path.ts";
import { isDotenv, isDotenvExample, type SourceFile } from "./paths.ts";

/** A name that the catalogue does not know, with what the manifests show about its owner. */
export interface LearnedName {
  /** Path in Vault, or name of a Kubernetes Secret. */
  readonly name: string;
  /** `external` if nothing in the files creates or writes it. */
  readonly authority: Authority;
  /** The object that shows it, such as `Cluster database/postgres`. */
  readonly evidence: string;
  /** Namespaces with an ExternalSecret that reads it, sorted. */
  readonly readers: readonly string[];
}

/** What an object shows about a name: who owns it, or who reads it. */
interface Claim {
  readonly name: string;
  readonly authority: Exclude<Authority, "external"> | undefined;
  readonly evidence: string;
  readonly reader?: string | undefined;
  /** Kubernetes Secret that is copied under this name; its owner owns the copy. */
  readonly copyOf?: string | undefined;
}

/**
 * Reads manifests for names that the catalogue does not know, and finds their owners: databases of CloudNativePG,
 * PushSecrets, generators, certificates, Keycloak and Redis. A name that an ExternalSecret reads and nothing creates is
 * external.
 *
 * @returns sorted by name; a name with two claims belongs to the object that creates it.
 */
export function learnNames(sources: Iterable<SourceFile>, catalogue: Catalogue): readonly LearnedName[] {
  const claims = [...sources].flatMap(claimsIn).filter(({ name }) => classifyKey(catalogue, name).kind === "unknown");
  const byName = Map.groupBy(claims, ({ name }) => normalise(name));
  const creatorOf = (name: string): Claim | undefined =>
    byName.get(normalise(name))?.find(({ authority }) => authority !== undefined);
  return [...byName]
    .flatMap(([key, own]): readonly LearnedName[] => {
      const claim = creatorOf(key) ?? own[0];
      if (claim === undefined) return [];
      const source = claim.copyOf === undefined ? undefined : creatorOf(claim.copyOf);
      const readers = [...new Set(own.flatMap(({ reader }) => reader ?? []))].toSorted();
      const authority = source?.authority ?? claim.authority ?? "external";
      return [{ name: claim.name, authority, evidence: claim.evidence, readers }];
    })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function claimsIn({ file, text: written }: SourceFile): readonly Claim[] {
  if (isDotenv(file) || isDotenvExample(file)) return [];
  return splitDocuments(written).flatMap((document) => {
    const mayClaim = /external-secrets\.io|cnpg\.io|cert-manager\.io|keycloak\.org|redis/i.test(document.text);
    if (!mayClaim || isOnlySchema(document)) return [];
    try {
      const parsed = parseContent(document);
      return [parsed.content, ...appliedIn(parsed).parts.map(({ content }) => content)].flatMap((object) => {
        const items = list(object, "items");
        return (items.length > 0 ? items : [object]).flatMap((item) => claimsOf(item, file));
      });
    } catch {
      return []; // lint reports what cannot be parsed
    }
  });
}

function claimsOf(object: unknown, file: string): readonly Claim[] {
  if (tryText(object, "metadata", "name") === undefined) return [];
  const evidence = `${tryText(object, "kind") ?? ""} ${nameOf(object)}`;
  const { authority, names } = secretsOwned(object);
  if (authority !== undefined) return names.map((name) => ({ name, authority, evidence }));
  const subject = subjectOfManifest(object, { id: file });
  return subject === undefined ? [] : claimsOfSubject(subject, evidence);
}

/** The Secrets that an operator creates; of Redis those that it uses as its own. */
function secretsOwned(object: unknown): ReturnType<typeof secretsMade> {
  const isRedis = /^(?:redis\.redis\.opstreelabs\.in|databases\.spotahome\.com)\/Redis/.test(groupKindOf(object));
  if (!isRedis) return secretsMade({ object });
  const name =
    text(object, "spec", "kubernetesConfig", "redisSecret", "name") ?? text(object, "spec", "auth", "secretPath");
  return { authority: "redis", names: name === undefined ? [] : [name] };
}

function claimsOfSubject(subject: Subject, evidence: string): readonly Claim[] {
  const isPush = pushKinds.includes(subject.kind);
  if (!isPush && !deliveryKinds.includes(subject.kind)) return [];
  const references = referencesOf(subject);
  if (references.some(({ role }) => role === "generator")) {
    const target = isPush ? undefined : targetOf(subject);
    const written = referencesAs("written-path", subject).flatMap(({ key }) => key() ?? []);
    const names = target === undefined ? written : [target, ...written];
    return names.map((name) => ({ name: vaultPath(name), authority: "generated", evidence }));
  }
  const copyOf = isPush ? specText(subject, "selector", "secret", "name") : undefined;
  const reader = tryText(subject.object, "metadata", "namespace");
  return references.flatMap(({ role, key }): readonly Claim[] => {
    const name = role === "vault-path" || role === "written-path" ? key() : undefined;
    if (name === undefined) return [];
    const claim = { name: vaultPath(name), evidence };
    return [
      role === "written-path" ? { ...claim, authority: "service", copyOf } : { ...claim, authority: undefined, reader },
    ];
  });
}
