import type { Catalogue } from "../domain/catalogue/catalogue.ts";
import type { EnvironmentStack } from "../domain/plan/environment.ts";
import type { EnvironmentName } from "../domain/stage.ts";
import type { PolicyEnvironment } from "./environment.ts";
import { at, type Path, Undecided, writtenText } from "./subject/reading.ts";
import type { Kind, Subject } from "./subject/subject.ts";

/** What a rule is about; its id begins with it. */
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

/** `mandatory` stops the update, `advisory` only warns, `off` is not judged. */
export type Level = "mandatory" | "advisory" | "off";

export type Levels = Readonly<Record<PolicyEnvironment, Level>>;

export const severities = ["critical", "high", "medium", "low"] as const;

/** One fault of one subject. Contains names and paths, never a secret's value. */
export interface Violation {
  /** What is wrong, and what it must be: lower case, no full stop. */
  readonly problem: string;
  /** Where in the subject; `lint` turns it into a line. */
  readonly path?: Path;
  /** Line within the text at the path, from 1. */
  readonly line?: number;
  /** @default - the rule's remediation */
  readonly fix?: string;
  /** The subject to blame; only from a rule over all subjects. */
  readonly subject?: Subject;
}

/** What a rule returns: any nesting of violations; `false` and `undefined` mean none. */
export type Violations = Violation | false | undefined | readonly Violations[];

export type EnvironmentVault = Pick<EnvironmentStack["vault"], "address" | "namespace" | "mount" | "authMount">;

/** What a rule may know in addition to its subject. Rules read no file. */
export interface RuleContext {
  readonly catalogue: Catalogue;
  readonly environment: PolicyEnvironment;
  /** Whether the environment is a guess, as in a kustomization's base: then it is the strictest one. @default false */
  readonly isEnvironmentAssumed?: boolean | undefined;
  /** Whether this program owns the stack; a policy group may judge other programs too. @default true */
  readonly isOwnStack?: boolean;
  /** Prefix of every name in Key Vault. @default - unknown, as in files: names are judged with `env-` and without it */
  readonly keyVaultPrefix?: string | undefined;
  /** Vaults of the known environments. @default - `vault-core-<env>` in `ameide-<env>`, and the mount `secret` */
  readonly vaults?: Readonly<Partial<Record<EnvironmentName, EnvironmentVault>>> | undefined;
}

interface RuleBase {
  readonly severity: (typeof severities)[number];
  /** What must be true, as a sentence. */
  readonly description: string;
  /** The incident or the fact behind the rule. */
  readonly why: string;
  readonly remediation: string;
  /** Incidents that docs/incidents.md describes (`P7`), and addresses of documentation. */
  readonly references: readonly string[];
  /** @default - mandatory in every environment */
  readonly levels?: Partial<Levels>;
  readonly kinds: readonly Kind[];
}

/** A rule over one resource, judged before that resource is created. */
export interface ResourceRule extends RuleBase {
  /** @throws Undecided where the verdict needs a value that is not known yet; nothing else. */
  readonly judge: (subject: Subject, context: RuleContext) => Violations;
  /** Whether it looks at secret marks instead of values. Only remediations (`pack/marking.ts`) and state files show them. */
  readonly looksAtMarks?: true;
}

/** A rule over all resources of a stack, or all documents of a repository, of the rule's kinds. */
export interface StackRule extends RuleBase {
  readonly judgeAll: (subjects: readonly Subject[], context: RuleContext) => Violations;
}

/** Rules by id: stable, kebab-case, begins with the family. */
export type RuleTable = Readonly<Record<string, ResourceRule | StackRule>>;

export type Rule = RuleTable[string] & { readonly id: string };

export function isStackRule<R extends RuleTable[string]>(rule: R): rule is Extract<R, StackRule> {
  return "judgeAll" in rule;
}

export function familyOf({ id }: Pick<Rule, "id">): Family | undefined {
  return families.find((family) => id.startsWith(`${family}-`));
}

export function levelsOf({ levels }: Pick<Rule, "levels">): Levels {
  const strict = "mandatory";
  return { dev: strict, staging: strict, prod: strict, shared: strict, local: strict, ...levels };
}

/** For a mistake that harms no one in dev and local. */
export const advisoryInDev: Partial<Levels> = { dev: "advisory", local: "advisory" };

/** For what is allowed, but usually a mistake. */
export const advisory: Partial<Levels> = {
  ...advisoryInDev,
  staging: "advisory",
  prod: "advisory",
  shared: "advisory",
};

export function flattened(found: Violations): readonly Violation[] {
  if (found === undefined || found === false) return [];
  return isList(found) ? found.flatMap(flattened) : [found];
}

function isList(found: Violation | readonly Violations[]): found is readonly Violations[] {
  return Array.isArray(found);
}

/** Judges each item; an unknown one hides no violation. @throws Undecided if one is unknown and no item is wrong. */
export function judgeEach<T>(items: readonly T[], judge: (item: T, index: number) => Violations): readonly Violation[] {
  let undecided: Undecided | undefined;
  const found = items.flatMap((item, index) => {
    try {
      return flattened(judge(item, index));
    } catch (error) {
      if (!(error instanceof Undecided)) throw error;
      undecided ??= error;
      return [];
    }
  });
  if (found.length === 0 && undecided !== undefined) throw undecided;
  return found;
}

/** A field that must have exactly this value. @throws Undecided */
export function mustBe(object: unknown, path: Path, wanted: string | boolean): Violation | undefined {
  const found = at(object, ...path);
  if (found === wanted) return undefined;
  const is = found === undefined || found === "" ? "not set" : (writtenText(found) ?? JSON.stringify(found));
  return { path, problem: `${String(path.at(-1))} is ${is}; set ${wanted}` };
}
