import {
  ComponentResource,
  type CustomResourceOptions,
  type Resource,
  type ResourceTransformation,
} from "@pulumi/pulumi";
import type { Catalogue } from "../domain/catalogue/catalogue.ts";
import type { StackPlan } from "../domain/plan/environment.ts";
import { federatedCredential, plannedResources } from "../domain/resources/planned-resources.ts";
import { errorsOf, type Finding } from "../domain/finding.ts";
import { effectivePrefix } from "../domain/names.ts";
import { UserError } from "../domain/user-error.ts";
import { authorityCopiedValue } from "./authority-copy.ts";
import { type Exemption, exemptions } from "./exemptions.ts";
import { judgeSubject, judgeTogether, type JudgingOptions } from "./judge.ts";
import type { RuleContext } from "./rule.ts";
import { rules } from "./rules.ts";
import { subjectsOfResource } from "./subject/from-resource.ts";
import { isRecord, markedSecret, unknownValue } from "./subject/reading.ts";
import type { Subject } from "./subject/subject.ts";

export interface GuardOptions {
  /** @default - policies/exemptions.ts */
  readonly exemptions?: readonly Exemption[];
  /** `YYYY-MM-DD`, UTC; exemptions end by it. @default - today */
  readonly today?: string;
}

/**
 * Judges a whole plan by the pack's own rules before anything of it is registered, so that a plain `pulumi up` without the
 * pack refuses what the pack would. Undecided verdicts are left to the pack: the plan knows all names.
 *
 * @returns every finding of one pass; `error` for what stops the program.
 */
export function judgePlan(plan: StackPlan, catalogue: Catalogue, options: GuardOptions = {}): readonly Finding[] {
  return judgeSubjects(subjectsOfPlan(plan), contextOf(plan, catalogue), options);
}

/** What the rules know of a stack. */
export function contextOf(plan: StackPlan, catalogue: Catalogue): RuleContext {
  return {
    catalogue,
    place: plan.kind === "shared" ? "shared" : plan.name,
    keyVaultPrefix: effectivePrefix(plan.secretPrefix),
    ...(plan.kind === "shared" ? {} : { vaults: { [plan.name]: plan.vault } }),
  };
}

/** What a plan will register, as the rules look at it. */
export function subjectsOfPlan(plan: StackPlan): readonly Subject[] {
  const stack = plan.kind === "shared" ? plan.kind : plan.name;
  // each environment registers its own credential; that they fit together is judged where all of them are known
  const credentials =
    plan.kind === "shared"
      ? plan.federatedSubjects.map((one) => federatedCredential(plan.azure, plan.azure.identity, one))
      : [];
  const resources = [...plannedResources(plan, { unknown: unknownValue, secret: markedSecret }), ...credentials];
  return resources.flatMap(({ type, name, inputs, protect }) =>
    subjectsOfResource({
      type,
      name,
      urn: `urn:pulumi:${stack}::ameide-secrets::${type}::${name}`,
      props: inputs,
      options: { protect },
    }),
  );
}

/**
 * The backstop for what is added beside the plan: judges each resource when it is declared, before it is registered.
 * Register it by `pulumi.runtime.registerStackTransformation`.
 *
 * @throws UserError out of the resource's constructor, with every finding about it.
 */
export function guardTransformation(context: RuleContext, options: GuardOptions = {}): ResourceTransformation {
  const origins = new ProgramOrigins();
  const earlier: Subject[] = [];
  return ({ resource, type, name, props, opts }) => {
    const urn = `${type}::${name}`;
    const inputs = plainOf(props) as Readonly<Record<string, unknown>>;
    const seen = {
      protect: opts.protect === true,
      isComponent: ComponentResource.isInstance(resource),
      inputsFrom: origins.inputsFrom(props),
    };
    const { id } = opts as CustomResourceOptions;
    const isRead = id !== undefined;
    const known = typeof id === "string" ? { ...inputs, metadata: metadataOf(id) } : inputs;
    const subjects = subjectsOfResource({ type, name, urn, props: isRead ? known : inputs, options: seen });
    origins.add(resource, urn);
    earlier.push(...subjects.filter(({ kind }) => authorityCopiedValue.kinds.includes(kind)));
    if (isRead) return undefined; // reading writes nothing
    const copies = judgeTogether(authorityCopiedValue, earlier, judgingOf(context, options))
      .filter(({ subject }) => subject !== undefined && subjects.includes(subject))
      .map(({ finding }) => finding);
    const found = errorsOf([...judgeResources(subjects, context, options), ...copies]);
    if (found.length > 0) throw UserError.from(found);
    return undefined;
  };
}

/** Of an object of Kubernetes that is read, `namespace/name` is all that the program gives. */
function metadataOf(id: string): Readonly<Record<string, unknown>> {
  const [name, namespace] = id.split("/").toReversed();
  return { name, ...(namespace === undefined ? {} : { namespace }) };
}

function judgeSubjects(subjects: readonly Subject[], context: RuleContext, options: GuardOptions): readonly Finding[] {
  const judging = judgingOf(context, options);
  const together = rules.flatMap((rule) => judgeTogether(rule, subjects, judging));
  return [...judgeResources(subjects, context, options), ...together.map(({ finding }) => finding)];
}

function judgeResources(subjects: readonly Subject[], context: RuleContext, options: GuardOptions): readonly Finding[] {
  const judging = judgingOf(context, options);
  return subjects.flatMap((subject) =>
    rules.flatMap((rule) => judgeSubject(rule, subject, judging).map(({ finding }) => finding)),
  );
}

function judgingOf(
  context: RuleContext,
  { exemptions: exempt = exemptions, today = new Date().toISOString().slice(0, 10) }: GuardOptions,
): JudgingOptions {
  return { context, exemptions: exempt, today };
}

/** Inputs as a program gives them: an output's value is not known here, even where it will be. */
function plainOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plainOf);
  if (!isRecord(value)) return value;
  if ("__pulumiOutput" in value || value instanceof Promise) return unknownValue;
  if (Object.hasOwn(value, "__pulumiAsset") || "__pulumiResource" in value) return unknownValue;
  // a library hands over every property that it knows; one without a value is not given
  const given = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(given.map(([key, item]) => [key, plainOf(item)]));
}

/** Which resources of the running program each input is computed from, known before anything is registered. */
export class ProgramOrigins {
  readonly #ids = new WeakMap<Resource, string>();

  /** @param id - of the subject that stands for the resource. */
  add(resource: Resource, id: string): void {
    this.#ids.set(resource, id);
  }

  /** @param props - as the program gives them, with outputs. */
  inputsFrom(props: unknown): ReadonlyMap<string, readonly string[]> {
    const inputs = isRecord(props) ? Object.entries(props) : [];
    return new Map(inputs.map(([key, value]) => [key, this.#idsIn(value)]));
  }

  #idsIn(value: unknown): readonly string[] {
    if (Array.isArray(value)) return value.flatMap((item) => this.#idsIn(item));
    if (!isRecord(value)) return [];
    if ("__pulumiOutput" in value) {
      const { resources } = value as { readonly resources?: () => ReadonlySet<Resource> };
      return [...(resources?.() ?? [])].flatMap((resource) => this.#ids.get(resource) ?? []);
    }
    return "__pulumiResource" in value ? [] : Object.values(value).flatMap((item) => this.#idsIn(item));
  }
}
