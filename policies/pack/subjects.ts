import type { PolicyResource, ResourceValidationArgs } from "@pulumi/policy";
import type { ResourceRule, Rule, StackRule } from "../rule.ts";
import { subjectsOfResource } from "../subject/from-resource.ts";
import { kindOfToken, isListToken } from "../subject/kinds.ts";
import type { Kind, Subject } from "../subject/subject.ts";

/** `@pulumi/policy` wraps inputs in a proxy that throws on unknown values; this is what it gives the raw ones by. */
const proxyTarget = "__getSpecialProxyTarget";

/** Inputs without the SDK's proxies; unknown values are the engine's sentinels in it. */
export function rawInputs(props: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  let raw = props;
  for (let inner = raw[proxyTarget]; inner !== undefined; inner = raw[proxyTarget]) {
    raw = inner as Readonly<Record<string, unknown>>;
  }
  return raw;
}

/** Bound on resources that are analysed side by side; over it a subject is only built again. */
const kept = 256;

interface Kept {
  readonly subjects: readonly Subject[];
  readonly askedBy: Set<string>;
}

/**
 * Builds the subjects of a resource once for all rules. The SDK hands each policy its own copy of the inputs, so the URN is
 * the key; a rule that asks a second time means that the resource is analysed anew.
 */
export function makeSubjectSource(): (rule: ResourceRule, args: ResourceValidationArgs) => readonly Subject[] {
  const byUrn = new Map<string, Kept>();
  return (rule, args) => {
    if (!looksAt(rule, args.type)) return [];
    const known = byUrn.get(args.urn);
    if (known !== undefined && !known.askedBy.has(rule.id)) {
      known.askedBy.add(rule.id);
      return known.subjects;
    }
    const { type, name, urn, opts } = args;
    const subjects = subjectsOfResource({
      type,
      name,
      urn,
      props: rawInputs(args.props),
      options: { protect: opts.protect },
    });
    byUrn.delete(urn);
    byUrn.set(urn, { subjects, askedBy: new Set([rule.id]) });
    if (byUrn.size > kept) byUrn.delete(byUrn.keys().next().value as string);
    return subjects;
  };
}

function looksAt(rule: Rule, type: string): boolean {
  const kind = kindOf(type);
  return kind === "list" || (kind !== undefined && rule.kinds.includes(kind));
}

const kindsByType = new Map<string, Kind | "list" | undefined>();

function kindOf(type: string): Kind | "list" | undefined {
  if (!kindsByType.has(type)) kindsByType.set(type, isListToken(type) ? "list" : kindOfToken(type));
  return kindsByType.get(type);
}

/** Subjects of the kinds that the rule looks at; each policy gets its own copy of the stack, so there is nothing to share. */
export function subjectsOfStack(rule: StackRule, resources: readonly PolicyResource[]): readonly Subject[] {
  return resources
    .filter(({ type }) => looksAt(rule, type))
    .flatMap(({ type, name, urn, props, opts, dependencies, propertyDependencies }) =>
      subjectsOfResource({
        type,
        name,
        urn,
        props: rawInputs(props),
        options: {
          protect: opts.protect,
          dependsOn: dependencies.map((resource) => resource.urn),
          inputsFrom: new Map(
            Object.entries(propertyDependencies).map(([key, from]) => [key, from.map((one) => one.urn)]),
          ),
        },
      }),
    );
}
