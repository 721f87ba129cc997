import type { PolicyResource, ResourceValidationArgs } from "@pulumi/policy";
import type { Rule, StackRule } from "../rule.ts";
import { subjectsOfResource } from "../subject/from-resource.ts";
import { kindOfToken } from "../subject/kinds.ts";
import { onlyRead, type Kind, type Subject } from "../subject/subject.ts";
import { readTypeToken } from "../subject/type-token.ts";
import { isHarmless } from "../subject/unread.ts";

/** The inputs that `@pulumi/policy` hands to a policy: behind a proxy that throws where a value is not known. */
type Props = Readonly<Record<string, unknown>>;

/** The SDK's own name for what is behind its proxy (proxy.ts, `getSpecialProxyTarget`); a contract test holds it. */
const proxyTarget = "__getSpecialProxyTarget";

/** The inputs without the SDK's proxies: rules read unknown values themselves, where the engine's sentinels stand. */
export function rawInputs(props: Props): Props {
  let raw = props;
  for (let inner = raw[proxyTarget]; inner !== undefined; inner = raw[proxyTarget]) raw = inner as Props;
  return raw;
}

/** Resources that are analysed side by side; beyond it a resource is only read again. */
const kept = 256;

/**
 * Reads the subjects of a resource once for all rules: the SDK hands each policy a copy of the inputs of its own. A rule
 * that asks a second time for a URN is the sign that the engine analyses that resource again.
 */
export function makeSubjectSource(): (rule: Rule, args: ResourceValidationArgs) => readonly Subject[] {
  const byUrn = new Map<string, Shared>();
  return (rule, args) => {
    if (!looksAt(rule, args.type)) return [];
    const { type, name, urn, opts, props, provider } = args;
    const options = { protect: opts.protect, isComponent: provider === undefined };
    const subjects = sharedAmongRules(byUrn, urn, rule, () =>
      subjectsOfResource({ type, name, urn, props: rawInputs(props), options }),
    );
    if (byUrn.size > kept) byUrn.delete(byUrn.keys().next().value as string);
    return subjects.filter(({ kind }) => rule.kinds.includes(kind));
  };
}

/** The same for a whole stack, which the SDK copies for each policy as well. */
export function makeStackSource(): (rule: StackRule, resources: readonly PolicyResource[]) => readonly Subject[] {
  const runs = new Map<string, Shared>();
  return (rule, resources) =>
    sharedAmongRules(runs, "stack", rule, () =>
      resources.flatMap(({ type, name, urn, props, opts, provider, dependencies, propertyDependencies }) =>
        kindOf(type) === undefined
          ? []
          : subjectsOfResource({
              type,
              name,
              urn,
              props: rawInputs(props),
              options: {
                protect: opts.protect,
                isComponent: provider === undefined,
                dependsOn: dependencies.map((resource) => resource.urn),
                inputsFrom: new Map(Object.entries(propertyDependencies).map(([key, from]) => [key, originsOf(from)])),
              },
            }),
      ),
    );
}

/** The engine names only inputs that are computed; the SDK leaves out what is not in the list, as a resource that is read. */
function originsOf(from: readonly PolicyResource[]): readonly string[] {
  return from.length === 0 ? [onlyRead] : from.map(({ urn }) => urn);
}

interface Shared {
  readonly subjects: readonly Subject[];
  readonly askedBy: Set<string>;
}

function sharedAmongRules(
  all: Map<string, Shared>,
  key: string,
  rule: Rule,
  read: () => readonly Subject[],
): readonly Subject[] {
  const known = all.get(key);
  if (known !== undefined && !known.askedBy.has(rule.id)) {
    known.askedBy.add(rule.id);
    return known.subjects;
  }
  const subjects = read();
  all.delete(key); // so that the newest is last, and the oldest the first to go
  all.set(key, { subjects, askedBy: new Set([rule.id]) });
  return subjects;
}

/** Whether a rule may find something to judge in a resource of this type, before its inputs are read. */
export function looksAt(rule: Rule, type: string): boolean {
  const kind = kindOf(type);
  return kind === "any" || (kind !== undefined && rule.kinds.includes(kind));
}

const kindsByType = new Map<string, Kind | "any" | undefined>();

function kindOf(type: string): Kind | "any" | undefined {
  if (!kindsByType.has(type)) {
    kindsByType.set(type, knownKind(type) ?? (isHarmless(type) ? undefined : "any"));
  }
  return kindsByType.get(type);
}

/** An object of Kubernetes says itself what it is, and a type that is not known may carry anything. */
function knownKind(type: string): Kind | undefined {
  return readTypeToken(type).manifest === undefined ? kindOfToken(type) : undefined;
}
