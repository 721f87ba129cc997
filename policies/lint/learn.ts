import { type Authority, type Catalogue, vaultPath as cataloguePath } from "../../domain/catalogue/catalogue.ts";
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
import { safeLine } from "../../domain/safe-text.ts";

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

interface Claim {
  readonly name: string;
  readonly authority: Exclude<Authority, "external"> | undefined;
  readonly evidence: string;
  readonly reader?: string | undefined;
  /** Kubernetes Secret that is copied under this name; its owner owns the copy. */
  readonly copyOf?: string | undefined;
}

/**
 * Finds the owners of the names in manifests that the catalogue does not know. A name that an ExternalSecret reads and
 * nothing creates is external. A name with two claims belongs to the object that creates it. Sorted by name.
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

/** Headings, in the order in which they are printed. */
const groups: Readonly<Partial<Record<Authority, string>>> = {
  cnpg: "Secrets that CloudNativePG creates for its clusters",
  redis: "passwords of Redis that its operator or chart owns",
  keycloak: "Secrets that Keycloak's operator creates",
  generated: "created by a generator of External Secrets",
  tls: "certificates that cert-manager issues",
  service: "written to Vault by a PushSecret; change the authority where a database or a chart owns the Secret",
};

/**
 * Entries to paste into `environments/catalogue.yaml` under the same headings. Names that it refuses are comments.
 * @param isTaken - whether a secret of this name or variable would collide with another entry.
 */
export function renderLearned(names: readonly LearnedName[], isTaken: (name: string) => boolean): string {
  if (names.length === 0) return "# the catalogue knows every name that these files read or create\n";
  const { valid = [], rest = [] } = Object.groupBy(names, ({ name }) =>
    cataloguePath.safeParse(name).success ? "valid" : "rest",
  );
  const external = valid.filter(({ authority }) => authority === "external");
  const managed = Object.entries(groups).flatMap(([authority, title]) => {
    const own = valid.filter((one) => one.authority === authority);
    return own.length === 0 ? [] : [`  # ${title}`, ...own.map(managedLine)];
  });
  const lines = [
    `# ${names.length} names that the catalogue does not know. Paste each part under the heading of the same name in`,
    "# environments/catalogue.yaml, and move a name that has another owner.",
  ];
  if (external.length > 0) {
    const comment =
      "read by ExternalSecrets, and nothing in these files creates them: they come from outside the cluster";
    lines.push("secrets:", `  # ${comment}`, ...secretLines(external, isTaken));
  }
  if (managed.length > 0) lines.push("clusterManaged:", ...managed);
  if (rest.length > 0) {
    const listed = rest.map(({ name, evidence }) => `#   ${JSON.stringify(safeLine(name))} (${safeLine(evidence)})`);
    lines.push("# not names that a path in Vault can have; render templates first, and rename the others:", ...listed);
  }
  return lines.map((line) => `${line}\n`).join("");
}

function managedLine({ name, authority, evidence }: LearnedName): string {
  return `  - { name: ${scalar(name)}, authority: ${authority}, reason: ${JSON.stringify(safeLine(evidence))} }`;
}

/** Two paths may become the same name; a number distinguishes them. */
function secretLines(names: readonly LearnedName[], isTaken: (name: string) => boolean): readonly string[] {
  const used = new Set<string>();
  return names.map(({ name, readers }) => {
    const base = secretName(name);
    let own = base;
    for (let n = 2; used.has(own) || (own !== name && isTaken(own)); n += 1) own = `${base}-${n}`;
    used.add(own);
    const variable = own.toUpperCase().replaceAll("-", "_");
    const parts = [
      "authority: external",
      `env: ${/^\d/.test(variable) ? `SECRET_${variable}` : variable}`,
      ...(own === name ? [] : [`vault: ${scalar(name)}`]),
      ...(readers.length === 0 ? [] : [`consumers: [${readers.filter(isLabel).map(scalar).join(", ")}]`]),
    ];
    return `  ${scalar(own)}: { ${parts.join(", ")} }`;
  });
}

function secretName(path: string): string {
  return path
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, 120)
    .replaceAll(/^-+|-+$/g, "");
}

function isLabel(name: string): boolean {
  return /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(name);
}

/** A name that YAML would read as a number or a boolean needs quotes. */
function scalar(name: string): string {
  return /^[A-Za-z][A-Za-z0-9._/-]*$/.test(name) && !/^(?:true|false|yes|no|on|off|null|y|n)$/i.test(name)
    ? name
    : JSON.stringify(name);
}
