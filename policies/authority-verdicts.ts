import { type Classification, classify, classifyKeyVaultName } from "../domain/catalogue/lookup.ts";
import { declaredDelivery, type DeclaredDelivery, declares } from "../domain/plan/declared.ts";
import { type Circumstances, type Door, passage } from "../domain/catalogue/passage.ts";
import { entryFor, isPath } from "./catalogue-entry.ts";
import { placeOfNamespace } from "./place.ts";
import { judgeEach, type RuleContext, type Violation, type Violations } from "./rule.ts";
import { isSet, type Path, text } from "./subject/reading.ts";
import { namesInjected, namesRead, targetsWritten, type NamedSecret } from "./subject/other-deliveries.ts";
import { type Reference, referencesOf, specPath, specText, targetOf } from "./subject/references.ts";
import { once, type Subject } from "./subject/subject.ts";
import { isVaultConfiguration, resolveVaultPath, vaultPath } from "./subject/vault-path.ts";
import type { Catalogue } from "../domain/catalogue/catalogue.ts";
import { defaultSecretPrefix, normalise } from "../domain/names.ts";

/** Why a name does not pass; each has a rule of its own, since each has another remedy. */
export type Refusal = "cluster-managed" | "undeclared" | "not-in-catalogue" | "retired" | "wrong-writer";

/** A name at a door, with what is known about the one that brings it. */
interface Caller {
  readonly door: Door;
  readonly path: Path;
  /** Line of the text at the path. */
  readonly line?: number;
  readonly name: () => string | undefined;
  readonly classify: (context: RuleContext, name: string) => Classification;
  readonly seen: (context: RuleContext, name: string) => Circumstances;
}

const callersKey = Symbol("callers");

/**
 * Judges every name of a subject at its door by the one table "who may pass where", and keeps those refused for `refusal`.
 *
 * @throws Undecided
 */
export function refused(subject: Subject, context: RuleContext, refusal: Refusal): Violations {
  return judgeEach(callersOf(subject), ({ door, path, line, name: read, classify, seen }) => {
    const name = read();
    if (name === undefined) return [];
    const classification = classify(context, name);
    if (refusalOf(door, classification) !== refusal) return [];
    const verdict = passage(door, classification.authority, seen(context, name));
    if (verdict.ok) return [];
    return [{ path, ...(line === undefined ? {} : { line }), ...explain(name, classification, verdict) }];
  });
}

/** Which rule speaks where the table says no. */
function refusalOf(door: Door, { kind, authority }: Classification): Refusal {
  if (kind === "unknown") return "not-in-catalogue";
  if (kind === "retired") return "retired";
  if (kind === "setting") return "not-in-catalogue";
  if (door === "vault-by-others") return authority === "external" ? "wrong-writer" : "cluster-managed";
  const declarable = authority === "keycloak" || authority === "service" || authority === "generated";
  return declarable && (door === "external-secret" || door === "target-secret") ? "undeclared" : "cluster-managed";
}

function explain(
  name: string,
  found: Classification,
  { reason, fix }: { readonly reason: string; readonly fix: string },
): Pick<Violation, "problem" | "fix"> {
  if (found.kind === "unknown") {
    const near = found.nearest === undefined ? "" : `; the nearest name is "${found.nearest}"`;
    return { problem: `"${name}" is not in the catalogue: ${reason}${near}`, fix: isPath(name) ? entryFor(name) : fix };
  }
  if (found.kind === "retired") {
    const use = found.use === undefined ? "remove it" : `use "${found.use}"`;
    return { problem: `"${name}" is retired`, fix: use };
  }
  if (found.kind === "setting") {
    return {
      problem: `"${name}" is a setting, not a secret; the chain carries secrets only`,
      fix: "move it to a ConfigMap or the workload's own configuration",
    };
  }
  const entry = found.by === "name" ? "" : ` (${found.by} "${found.entry}")`;
  const see = found.see === undefined ? "" : `; see ${found.see}`;
  return { problem: `"${name}"${entry} is refused: ${reason}${see}`, fix };
}

function callersOf(subject: Subject): readonly Caller[] {
  return once(subject, callersKey, () => callersFor(subject));
}

const byKey = ({ catalogue }: RuleContext, name: string): Classification => classifyKey(catalogue, name);
const nothing = (): Circumstances => ({});

function callersFor(subject: Subject): readonly Caller[] {
  const { kind, object } = subject;
  const read = (...path: Path): Pick<Caller, "path" | "name"> => ({ path, name: () => text(object, ...path) });
  switch (kind) {
    case "DotenvVariable":
      return [{ door: "dotenv", ...read("name"), classify: byKey, seen: nothing }];
    case "KeyVaultSecret": {
      const classify: Caller["classify"] = ({ catalogue, keyVaultPrefix }, name) =>
        classifyKeyVaultKey(catalogue, name, keyVaultPrefix);
      const path = isSet(object, "secretName") ? "secretName" : "name";
      return [{ door: "key-vault", ...read(path), classify, seen: nothing }];
    }
    case "VaultSecret":
      return [
        {
          door: "vault-by-others",
          path: [isSet(object, "path") ? "path" : "name"],
          name: () => kvPath(object),
          classify: byKey,
          seen: nothing,
        },
      ];
    case "PushSecret":
    case "ClusterPushSecret":
      return referencesOf(subject)
        .filter(({ role }) => role === "written-path" || role === "cluster-secret")
        .map(({ path, key }) => ({
          door: "vault-by-others",
          path,
          name: key,
          classify: byKey,
          seen: () => ({ mirror: true }), // how it is mirrored is what authority-push-* judge
        }));
    case "ExternalSecret":
    case "ClusterExternalSecret":
      return [
        ...referencesOf(subject)
          .filter(({ role }) => role === "vault-path" || role === "cluster-secret")
          .map((reference) => reader(subject, reference)),
        target(subject),
      ];
    case "OtherDelivery":
      return [
        ...namesRead(subject).map((read) => brought(read)),
        ...targetsWritten(subject).map((written): Caller => ({
          door: "target-secret",
          ...written,
          classify: byTarget,
          seen: nothing,
        })),
      ];
    case "CronJob":
    case "Workload":
      return namesInjected(subject).map((read) => brought(read));
    default:
      return [];
  }
}

/** A name that something other than External Secrets brings into the cluster: the same table, and never a declared delivery. */
function brought({ isKeyVault = false, ...read }: NamedSecret): Caller {
  const classify: Caller["classify"] = isKeyVault
    ? ({ catalogue, keyVaultPrefix }, name) => classifyKeyVaultKey(catalogue, name, keyVaultPrefix)
    : byKey;
  return { door: "external-secret", ...read, classify, seen: nothing };
}

/** Where a Vault resource writes under the KV mount; nothing for the endpoints of Vault's own configuration. */
function kvPath(object: unknown): string | undefined {
  const path = text(object, "path");
  if (path === undefined) return text(object, "name");
  return isVaultConfiguration(resolveVaultPath(path)) ? undefined : path;
}

function reader(subject: Subject, reference: Reference): Caller {
  return {
    door: "external-secret",
    path: reference.path,
    name: reference.key,
    classify: byKey,
    seen: (context, name) => ({ declared: isDeclared(subject, context, { secretKey: reference.secretKey(), name }) }),
  };
}

/** A target's name that nobody owns: its ExternalSecret may have it. */
function free(name: string): Classification {
  const nobody = { owner: undefined, reason: undefined, see: undefined };
  return { kind: "delivery", authority: "external", entry: name, by: "name", ...nobody };
}

/** A name of its own is fine for a target: only one that somebody owns can be refused. */
function byTarget({ catalogue }: RuleContext, name: string): Classification {
  const found = classifyKey(catalogue, name);
  const owned = found.kind === "cluster-managed" || found.kind === "in-cluster-delivery";
  return owned ? found : free(name);
}

function target(subject: Subject): Caller {
  const named = specText(subject, "target", "name") !== undefined;
  return {
    door: "target-secret",
    path: named ? [...specPath(subject), "target", "name"] : ["metadata", "name"],
    name: () => targetOf(subject),
    classify: byTarget,
    seen: (context) => ({ declared: isDeclared(subject, context) }),
  };
}

/** Whether this is the very delivery that the catalogue declares; with `read`, whether it declares that key too. */
function isDeclared(
  subject: Subject,
  context: RuleContext,
  read?: { readonly name: string; readonly secretKey?: string | undefined },
): boolean {
  const declared = declarationOf(subject, context);
  if (declared === undefined || read === undefined) return declared !== undefined;
  return declares(declared, read.secretKey, vaultPath(read.name));
}

/** What the catalogue declares about this very ExternalSecret and its target. @throws Undecided */
export function declarationOf(subject: Subject, { catalogue, place }: RuleContext): DeclaredDelivery | undefined {
  const externalSecret = text(subject.object, "metadata", "name");
  const made = targetOf(subject);
  if (subject.kind !== "ExternalSecret" || externalSecret === undefined || made === undefined) return undefined;
  const namespace = text(subject.object, "metadata", "namespace");
  const environment = placeOfNamespace(namespace) ?? place;
  return declaredDelivery(catalogue, { externalSecret, target: made, namespace, environment });
}

const seen = new WeakMap<Catalogue, Map<string, Classification>>();

/**
 * What the catalogue says of a key as people write it: `ghcr-token`, `secret/data/GHCR_TOKEN`, `/platform/db-password`.
 * A path that it does not know is judged by its last part too, but only to its disadvantage: `dev/platform-db-password`
 * is CNPG's, `dev/ghcr-token` is unknown. How a name begins says what it is about and not who creates it, so a pattern
 * that is open at its end does not count there: `objectstore/postgres-backups` is a bucket's key.
 */
export function classifyKey(catalogue: Catalogue, key: string): Classification {
  const known = seen.get(catalogue) ?? new Map<string, Classification>();
  seen.set(catalogue, known);
  const found = known.get(key) ?? classifyPath(catalogue, key);
  known.set(key, found);
  return found;
}

function classifyPath(catalogue: Catalogue, key: string): Classification {
  const path = vaultPath(key);
  const whole = classify(catalogue, path);
  if (whole.kind !== "unknown" || !path.includes("/")) return whole;
  const last = classify(catalogue, path.slice(path.lastIndexOf("/") + 1));
  const isOwned = last.kind === "cluster-managed" || last.kind === "in-cluster-delivery";
  return isOwned && !(last.by === "pattern" && last.entry.endsWith("*")) ? last : whole;
}

/** The name of a Key Vault secret: by the prefix that its stack sets, or with the usual one and without where none is known. */
export function classifyKeyVaultKey(catalogue: Catalogue, name: string, prefix: string | undefined): Classification {
  if (prefix !== undefined) return classifyKeyVaultName(catalogue, name, prefix);
  const whole = classifyKey(catalogue, name);
  const lower = normalise(name);
  if (whole.kind !== "unknown" || !lower.startsWith(defaultSecretPrefix)) return whole;
  const bare = classifyKey(catalogue, lower.slice(defaultSecretPrefix.length));
  return bare.kind === "unknown" ? whole : bare;
}
