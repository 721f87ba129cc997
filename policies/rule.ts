import type { Catalogue } from "../domain/catalogue/catalogue.ts";
import type { EnvironmentName } from "../domain/stage.ts";
import { type Path, Undecided } from "./subject/reading.ts";
import type { Kind, Subject } from "./subject/subject.ts";

/** What a rule is about; the first word of its id. */
export const families = [
  "authority",
  "secretness",
  "placeholder",
  "identity",
  "vault",
  "store",
  "delivery",
  "key-vault",
  "bootstrap",
  "lifecycle",
] as const;

export type Family = (typeof families)[number];

/** `mandatory` stops the update, `advisory` is told; `off` is not even asked. */
export type Level = "mandatory" | "advisory" | "off";

/** Where a resource goes; `shared` holds what all environments live on and is as strict as prod. */
export type Place = EnvironmentName | "shared";

export type Levels = Readonly<Record<Place, Level>>;

export const severities = ["critical", "high", "medium", "low"] as const;

/** One thing that is wrong with one subject. Holds names and places, never a secret's value. */
export interface Violation {
  /** What is, and what it must be: lower case, no full stop. */
  readonly problem: string;
  /** Where in the subject; `lint` makes a line of it. */
  readonly path?: Path;
  /** Line of the text that is the value there, from 1. */
  readonly line?: number;
  /** What to do here, where it is more than the rule's own remediation. */
  readonly fix?: string;
  /** Of a rule over all subjects: the one to blame. */
  readonly subject?: Subject;
}

/** Where an environment's Vault is, as its stack file sets it. */
export interface VaultPlace {
  /** How pods reach it. */
  readonly address: string;
  /** Namespace of Vault Enterprise or OpenBao. @default - the root namespace */
  readonly namespace?: string;
  /** Path of the KV v2 engine. */
  readonly mount: string;
  /** Path of the Kubernetes auth method. */
  readonly authMount: string;
}

/** What a rule may know beside its subject; handed down by the entry, so that rules read no file. */
export interface RuleContext {
  readonly catalogue: Catalogue;
  readonly place: Place;
  /** Whether nothing says the place, as in a kustomization's base, and the strictest stands for it. @default false */
  readonly isPlaceAssumed?: boolean;
  /** Whether the stack is one of this program, and not another's that a policy group judges as well. @default true */
  readonly isOwnStack?: boolean;
  /** What every name in Key Vault begins with. @default - not known, as in files: names are judged with `env-` and without */
  readonly keyVaultPrefix?: string;
  /** Vaults of the environments that are known here. @default - `vault-core-<env>` in `ameide-<env>`, and the mount `secret` */
  readonly vaults?: Readonly<Partial<Record<EnvironmentName, VaultPlace>>>;
}

interface RuleBase {
  /** Stable, kebab-case, begins with the family. */
  readonly id: string;
  readonly family: Family;
  readonly severity: (typeof severities)[number];
  /** What must be true, as a sentence. */
  readonly description: string;
  /** The incident or the fact that it prevents. */
  readonly why: string;
  readonly remediation: string;
  /** Numbers of the platform's documents (`462`), incidents (`P7`) and addresses. */
  readonly references: readonly string[];
  readonly levels: Levels;
  readonly kinds: readonly Kind[];
}

/** A rule over one resource. Judged before that resource is made. */
export interface ResourceRule extends RuleBase {
  /** @throws Undecided where the verdict needs a value that is not known yet; nothing else. */
  readonly judge: (subject: Subject, context: RuleContext) => readonly Violation[];
}

/** A rule over all resources of a stack, or all documents of a repository, of the rule's kinds. */
export interface StackRule extends RuleBase {
  readonly judgeAll: (subjects: readonly Subject[], context: RuleContext) => readonly Violation[];
}

export type Rule = ResourceRule | StackRule;

export function isStackRule(rule: Rule): rule is StackRule {
  return "judgeAll" in rule;
}

/** The same in every environment. */
export const mandatory: Levels = {
  dev: "mandatory",
  staging: "mandatory",
  prod: "mandatory",
  shared: "mandatory",
  local: "mandatory",
};

/** Told in dev and local, where a mistake of this kind harms no one; stops everywhere else. */
export const advisoryInDev: Levels = { ...mandatory, dev: "advisory", local: "advisory" };

/** Told everywhere: a smell, not a breach. */
export const advisory: Levels = {
  dev: "advisory",
  staging: "advisory",
  prod: "advisory",
  shared: "advisory",
  local: "advisory",
};

/**
 * Judges each item by itself, so that one that is not known yet hides no violation of another.
 *
 * @throws Undecided if nothing was found and an item could not be judged.
 */
export function judgeEach<T>(
  items: readonly T[],
  judge: (item: T, index: number) => readonly Violation[],
): readonly Violation[] {
  let undecided: Undecided | undefined;
  const found = items.flatMap((item, index) => {
    try {
      return judge(item, index);
    } catch (error) {
      if (!(error instanceof Undecided)) throw error;
      undecided ??= error;
      return [];
    }
  });
  if (found.length === 0 && undecided !== undefined) throw undecided;
  return found;
}
