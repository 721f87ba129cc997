import { type Classification, classify, classifyKeyVaultName } from "../domain/catalogue/lookup.ts";
import { readableReferences } from "../domain/incidents.ts";
import { declaredDelivery, type DeclaredDelivery, declares } from "../domain/catalogue/deliveries.ts";
import { type Destination, checkAuthority } from "../domain/catalogue/authority.ts";
import { environmentOf } from "./environment.ts";
import { judgeEach, type RuleContext, type Violation } from "./rule.ts";
import { isSet, type Path, remembered, text } from "./subject/reading.ts";
import { namesInjected, namesRead, targetsOf, type NamedSecret } from "./subject/other-deliveries.ts";
import { externalSecretName, referencesOf, targetOf } from "./subject/references.ts";
import { oncePerSubject, type Subject } from "./subject/subject.ts";
import { isVaultConfiguration, resolveVaultPath, vaultPath } from "./subject/vault-path.ts";
import { type Catalogue, secretName, vaultPath as cataloguePath } from "../domain/catalogue/catalogue.ts";
import { defaultSecretPrefix, normalise } from "../domain/names.ts";

/** Why a name is not allowed; each has its own rule, since each has another remedy. */
export type Refusal = "cluster-managed" | "undeclared" | "not-in-catalogue" | "retired" | "wrong-writer";

interface NameUse {
  readonly at: Destination;
  readonly path: Path;
  readonly line?: number;
  readonly name: () => string | undefined;
  readonly classify?: (context: RuleContext, name: string) => Classification;
  /** Whether it is the copy of a PushSecret. */
  readonly mirror?: true;
  /** Whether the catalogue declares this very use. @default - it does not */
  readonly declared?: (context: RuleContext, name: string) => boolean;
}

/** The uses of names in a subject that the table of what is allowed where refuses for one reason. @throws Undecided */
export function refused(subject: Subject, context: RuleContext, refusal: Refusal): readonly Violation[] {
  return judgeEach(nameUses(subject), ({ at, path, line, name: read, classify = byKey, mirror = false, declared }) => {
    const name = read();
    if (name === undefined) return [];
    const classification = classify(context, name);
    if (refusalOf(at, classification) !== refusal) return [];
    const verdict = checkAuthority(at, classification.authority, {
      "as-mirror": mirror,
      "as-declared": declared?.(context, name) ?? false,
    });
    if (verdict.ok) return [];
    return { path, ...(line !== undefined && { line }), ...explain(name, classification, verdict) };
  });
}

function refusalOf(at: Destination, { kind, authority }: Classification): Refusal {
  if (kind === "unknown" || kind === "setting") return "not-in-catalogue";
  if (kind === "retired") return "retired";
  if (at === "vault-by-others") return authority === "external" ? "wrong-writer" : "cluster-managed";
  const isDeclarable = authority === "keycloak" || authority === "service" || authority === "generated";
  return isDeclarable && (at === "external-secret" || at === "target-secret") ? "undeclared" : "cluster-managed";
}

function explain(
  name: string,
  found: Classification,
  { reason, fix }: { readonly reason: string; readonly fix: string },
): Pick<Violation, "problem" | "fix"> {
  switch (found.kind) {
    case "unknown": {
      const near = found.nearest === undefined ? "" : `; the nearest name is "${found.nearest}"`;
      const isPath = vaultPath(name).includes("/"); // which no variable and no Key Vault secret can be named
      return { problem: `"${name}" is not in the catalogue: ${reason}${near}`, fix: isPath ? entryFor(name) : fix };
    }
    case "retired":
      return {
        problem: `"${name}" is retired`,
        fix: found.use === undefined ? "remove it" : `use "${found.use}"`,
      };
    case "setting":
      return {
        problem: `"${name}" is a setting, not a secret; the pipeline carries secrets only`,
        fix: "move it to a ConfigMap or the workload's own configuration",
      };
    default: {
      const entry = found.by === "name" ? "" : ` (${found.by} "${found.entry}")`;
      const see = readableReferences(found.see === undefined ? [] : [found.see]).map((one) => `; see ${one}`);
      return { problem: `"${name}"${entry} is refused: ${reason}${see.join("")}`, fix };
    }
  }
}

/** The lines to paste into the catalogue, one for each possible owner. */
function entryFor(key: string): string {
  const path = vaultPath(key);
  const name = normalise(path)
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");
  if (!cataloguePath.safeParse(path).success || !secretName.safeParse(name).success) {
    return `rename it in Vault: the catalogue accepts names of a-z, A-Z, 0-9, -, _ and . between slashes`;
  }
  const variable = name
    .toUpperCase()
    .replaceAll("-", "_")
    .replace(/^(?=\d)/, "V");
  const external = `${name}: { authority: external, env: ${variable}, vault: ${path} }`;
  return `if it comes from outside the cluster, add to "secrets" in environments/catalogue.yaml: ${external}; if something in the cluster creates it, add to "clusterManaged": - { name: ${path}, authority: OWNER } and read its owner's Secret`;
}

const nameUses = oncePerSubject((subject): readonly NameUse[] => {
  const { kind, object } = subject;
  switch (kind) {
    case "DotenvVariable":
      return [{ at: "dotenv", path: ["name"], name: () => text(object, "name") }];
    case "KeyVaultSecret": {
      const path = isSet(object, "secretName") ? "secretName" : "name";
      return [{ at: "key-vault", path: [path], name: () => text(object, path), classify: byKeyVaultName }];
    }
    case "VaultSecret":
      return [{ at: "vault-by-others", path: [isSet(object, "path") ? "path" : "name"], name: () => kvPath(object) }];
    case "PushSecret":
    case "ClusterPushSecret":
      return (
        referencesOf(subject)
          .filter(({ role }) => role === "written-path" || role === "cluster-secret")
          // authority-push-* judge how it is pushed
          .map(({ path, key }) => ({ at: "vault-by-others", path, name: key, mirror: true }))
      );
    case "ExternalSecret":
    case "ClusterExternalSecret":
      return [
        ...referencesOf(subject)
          .filter(({ role }) => role === "vault-path" || role === "cluster-secret")
          .map(({ path, key, secretKey }): NameUse => {
            const declared: NameUse["declared"] = (context, name) => {
              const delivery = declarationOf(subject, context);
              return delivery !== undefined && declares(delivery, secretKey(), vaultPath(name));
            };
            return { at: "external-secret", path, name: key, declared };
          }),
        ...targetsOf(subject).map((target): NameUse => {
          const declared: NameUse["declared"] = (context) => declarationOf(subject, context) !== undefined;
          return { at: "target-secret", ...target, classify: byTarget, declared };
        }),
      ];
    case "OtherDelivery":
      return [
        ...namesRead(subject).map(broughtIn),
        ...targetsOf(subject).map((target): NameUse => ({ at: "target-secret", ...target, classify: byTarget })),
      ];
    case "CronJob":
    case "Workload":
      return namesInjected(subject).map(broughtIn);
    default:
      return [];
  }
});

/** A name that something other than External Secrets reads: the same table applies, but no delivery of it is declared. */
function broughtIn({ isKeyVault = false, ...use }: NamedSecret): NameUse {
  return { at: "external-secret", ...use, classify: isKeyVault ? byKeyVaultName : byKey };
}

function byKey({ catalogue }: RuleContext, name: string): Classification {
  return classifyKey(catalogue, name);
}

/** By the prefix that the stack sets; with the default prefix and without it where the prefix is unknown. */
function byKeyVaultName({ catalogue, keyVaultPrefix }: RuleContext, name: string): Classification {
  if (keyVaultPrefix !== undefined) return classifyKeyVaultName(catalogue, name, keyVaultPrefix);
  const whole = classifyKey(catalogue, name);
  const lower = normalise(name);
  if (whole.kind !== "unknown" || !lower.startsWith(defaultSecretPrefix)) return whole;
  const bare = classifyKey(catalogue, lower.slice(defaultSecretPrefix.length));
  return bare.kind === "unknown" ? whole : bare;
}

/** A target may have any name that has no owner. */
function byTarget({ catalogue }: RuleContext, name: string): Classification {
  const found = classifyKey(catalogue, name);
  if (isOwnedInCluster(found)) return found;
  const unowned = { owner: undefined, reason: undefined, see: undefined };
  return { kind: "delivery", authority: "external", entry: name, by: "name", ...unowned };
}

export function isOwnedInCluster(
  found: Classification,
): found is Extract<Classification, { kind: "cluster-managed" | "in-cluster-delivery" }> {
  return found.kind === "cluster-managed" || found.kind === "in-cluster-delivery";
}

/** Where a Vault resource writes below the KV mount; `undefined` for Vault's own configuration. */
function kvPath(object: unknown): string | undefined {
  const path = text(object, "path");
  if (path === undefined) return text(object, "name");
  return isVaultConfiguration(resolveVaultPath(path)) ? undefined : path;
}

/** What the catalogue declares about this ExternalSecret and its target. @throws Undecided */
export function declarationOf(subject: Subject, context: RuleContext): DeclaredDelivery | undefined {
  const externalSecret = externalSecretName(subject);
  const target = targetOf(subject);
  if (subject.kind !== "ExternalSecret" || externalSecret === undefined || target === undefined) return undefined;
  const namespace = text(subject.object, "metadata", "namespace");
  const environment = environmentOf(subject, context);
  return declaredDelivery(context.catalogue, { externalSecret, target, namespace, environment });
}

const classifierOf = remembered(
  (catalogue: Catalogue) => remembered((key: string) => classifyPath(catalogue, key)),
  new WeakMap(),
);

/**
 * What the catalogue says about a key as people write it: `secret/data/GHCR_TOKEN`, `/platform/db-password`.
 * For an unknown path, the last part decides if the cluster owns it: `dev/platform-db-password` belongs to CNPG. A
 * pattern with an open end does not count there: `objectstore/postgres-backups` is the key of a bucket.
 */
export function classifyKey(catalogue: Catalogue, key: string): Classification {
  return classifierOf(catalogue)(key);
}

function classifyPath(catalogue: Catalogue, key: string): Classification {
  const path = vaultPath(key);
  const whole = classify(catalogue, path);
  if (whole.kind !== "unknown" || !path.includes("/")) return whole;
  const last = classify(catalogue, path.slice(path.lastIndexOf("/") + 1));
  return isOwnedInCluster(last) && !(last.by === "pattern" && last.entry.endsWith("*")) ? last : whole;
}
