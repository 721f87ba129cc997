import {
  ComponentResource,
  type CustomResourceOptions,
  type Resource,
  type ResourceTransformation,
} from "@pulumi/pulumi";
import type { Catalogue } from "../domain/catalogue/catalogue.ts";
import type { StackPlan } from "../domain/plan/environment.ts";
import { federatedCredential } from "../domain/resources/cloud-resources.ts";
import { plannedResources } from "../domain/resources/planned-resources.ts";
import { errorsOf, type Finding } from "../domain/finding.ts";
import { effectivePrefix } from "../domain/names.ts";
import { UserError } from "../domain/user-error.ts";
import { type Exemption, exemptions } from "./exemptions.ts";
import { judge, type JudgingOptions } from "./judge.ts";
import { isStackRule, type Rule, type RuleContext } from "./rule.ts";
import { ruleById, rules } from "./rules.ts";
import { subjectsOfResource } from "./subject/from-resource.ts";
import { isRecord, mapTree, markedSecret, unknownValue } from "./subject/reading.ts";
import type { Subject } from "./subject/subject.ts";

export interface GuardOptions {
  /** @default - policies/exemptions.ts */
  readonly exemptions?: readonly Exemption[];
  /** `YYYY-MM-DD`, UTC. @default - today */
  readonly today?: string;
}

/**
 * Judges a whole plan before anything is registered, so that `pulumi up` without the pack refuses the same. The pack
 * decides what is still unknown here. An `error` among the findings stops the program.
 */
export function judgePlan(plan: StackPlan, catalogue: Catalogue, options: GuardOptions = {}): readonly Finding[] {
  const subjects = subjectsOfPlan(plan);
  return findingsOf(rules, subjects, judgingOf(contextOf(plan, catalogue), options));
}

export function contextOf(plan: StackPlan, catalogue: Catalogue): RuleContext {
  return {
    catalogue,
    environment: plan.kind === "shared" ? "shared" : plan.name,
    keyVaultPrefix: effectivePrefix(plan.secretPrefix),
    vaults: plan.kind === "shared" ? {} : { [plan.name]: plan.vault },
  };
}

export function subjectsOfPlan(plan: StackPlan): readonly Subject[] {
  const stack = plan.kind === "shared" ? plan.kind : plan.name;
  // each environment registers its own credential; only the shared stack knows all of them
  const credentials =
    plan.kind === "shared"
      ? plan.federatedSubjects.map((one) => federatedCredential(plan.azure, plan.azure.identity, one))
      : [];
  const resources = [...plannedResources(plan, { unknown: unknownValue, secret: markedSecret }), ...credentials];
  return resources.flatMap(({ type, name, inputs, protect = false }) => {
    const urn = `urn:pulumi:${stack}::ameide-secrets::${type}::${name}`;
    return subjectsOfResource({ type, name, urn, props: inputs, options: { protect } });
  });
}

/**
 * Judges resources outside the plan when they are declared. Use with `pulumi.runtime.registerStackTransformation`.
 * @throws UserError out of the resource's constructor, with every finding about it.
 */
export function guardTransformation(context: RuleContext, options: GuardOptions = {}): ResourceTransformation {
  const copyRule = ruleById.get("authority-copied-value");
  const onItsOwn = rules.filter((rule) => !isStackRule(rule));
  const ids = new WeakMap<Resource, string>();
  const earlier: Subject[] = [];
  const judging = judgingOf(context, options);
  return ({ resource, type, name, props, opts }) => {
    const urn = `${type}::${name}`;
    const { id } = opts as CustomResourceOptions;
    const metadata = typeof id === "string" ? { metadata: metadataOf(id) } : {};
    const subjects = subjectsOfResource({
      type,
      name,
      urn,
      props: { ...(plainOf(props) as Readonly<Record<string, unknown>>), ...metadata },
      options: {
        protect: opts.protect === true,
        isComponent: ComponentResource.isInstance(resource),
        inputsFrom: new Map(Object.entries<unknown>(props).map(([key, value]) => [key, originsOf(value, ids)])),
      },
    });
    ids.set(resource, urn);
    earlier.push(...subjects);
    if (id !== undefined) return undefined; // reading writes nothing
    const copies = copyRule === undefined ? [] : judge(copyRule, earlier, judging);
    const copied = copies.filter(({ subject }) => subject !== undefined && subjects.includes(subject));
    const found = errorsOf([...findingsOf(onItsOwn, subjects, judging), ...copied.map(({ finding }) => finding)]);
    if (found.length > 0) throw UserError.from(found);
    return undefined;
  };
}

/** A program that reads a Kubernetes object gives only `namespace/name`. */
function metadataOf(id: string): Readonly<Record<string, unknown>> {
  const [name, namespace] = id.split("/").toReversed();
  return { name, ...(namespace === undefined ? {} : { namespace }) };
}

function findingsOf(by: readonly Rule[], subjects: readonly Subject[], judging: JudgingOptions): readonly Finding[] {
  return by.flatMap((rule) => judge(rule, subjects, judging).map(({ finding }) => finding));
}

function judgingOf(
  context: RuleContext,
  { exemptions: exempt = exemptions, today = new Date().toISOString().slice(0, 10) }: GuardOptions,
): JudgingOptions {
  return { context, exemptions: exempt, today };
}

/** A program's inputs with unknown values for outputs, promises, assets and resources. */
function plainOf(props: unknown): unknown {
  return mapTree(props, (value) => {
    if (!isRecord(value)) return undefined;
    const isOpaque = "__pulumiOutput" in value || "__pulumiResource" in value || Object.hasOwn(value, "__pulumiAsset");
    return isOpaque || value instanceof Promise ? unknownValue : undefined;
  });
}

function originsOf(value: unknown, ids: WeakMap<Resource, string>): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((item) => originsOf(item, ids));
  if (!isRecord(value)) return [];
  if ("__pulumiOutput" in value) {
    const { resources } = value as { readonly resources?: () => ReadonlySet<Resource> };
    return [...(resources?.() ?? [])].flatMap((resource) => ids.get(resource) ?? []);
  }
  return "__pulumiResource" in value ? [] : Object.values(value).flatMap((item) => originsOf(item, ids));
}
