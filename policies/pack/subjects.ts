import type { PolicyResource, ResourceValidationArgs } from "@pulumi/policy";
import type { Rule } from "../rule.ts";
import { subjectsOfResource } from "../subject/from-resource.ts";
import { kindOfToken } from "../subject/kinds.ts";
import { remembered } from "../subject/reading.ts";
import { onlyRead, type Kind, type Subject } from "../subject/subject.ts";
import { readTypeToken } from "../subject/type-token.ts";
import { isHarmless } from "../subject/unread.ts";

type Props = Readonly<Record<string, unknown>>;

/** The SDK's name for the inputs behind its proxy (proxy.ts, `getSpecialProxyTarget`); a contract test checks it. */
const proxyTarget = "__getSpecialProxyTarget";

/** The inputs without the SDK's proxies, which throw at an unknown value: rules read the engine's sentinels themselves. */
export function rawInputs(props: Props): Props {
  let raw = props;
  for (let inner = raw[proxyTarget]; inner !== undefined; inner = raw[proxyTarget]) raw = inner as Props;
  return raw;
}

/** More than the engine analyses at the same time; a resource that was dropped is only read again. */
const mostKept = 256;

/**
 * Reads the subjects of a key (a URN, or any text for a stack) once for all rules: the SDK copies the inputs for each
 * policy. If a rule asks for the same key again, the engine analyses the resource again.
 */
export function makeSubjectSource() {
  const byKey = new Map<string, { readonly subjects: readonly Subject[]; readonly askedBy: Set<Rule> }>();
  return (
    rule: Rule,
    key: string,
    resources: readonly (ResourceValidationArgs | PolicyResource)[],
  ): readonly Subject[] => {
    const known = byKey.get(key);
    if (known !== undefined && !known.askedBy.has(rule)) {
      known.askedBy.add(rule);
      return known.subjects;
    }
    const subjects = resources.filter(({ type }) => kindOf(type) !== undefined).flatMap(subjectsIn);
    byKey.delete(key); // makes it the newest
    byKey.set(key, { subjects, askedBy: new Set([rule]) });
    if (byKey.size > mostKept) byKey.delete(byKey.keys().next().value as string);
    return subjects;
  };
}

function subjectsIn(resource: ResourceValidationArgs | PolicyResource): readonly Subject[] {
  const { type, name, urn, props, opts, provider } = resource;
  const options = { protect: opts.protect, isComponent: provider === undefined };
  const known = "dependencies" in resource ? { ...options, ...dependenciesOf(resource) } : options;
  return subjectsOfResource({ type, name, urn, props: rawInputs(props), options: known });
}

/** The engine lists only computed inputs; the SDK leaves out a resource that is only read. */
function dependenciesOf({ dependencies, propertyDependencies }: PolicyResource) {
  const inputs = Object.entries(propertyDependencies).map(([key, from]) => {
    return [key, from.length === 0 ? [onlyRead] : from.map(({ urn }) => urn)] as const;
  });
  return { dependsOn: dependencies.map(({ urn }) => urn), inputsFrom: new Map(inputs) };
}

/** Whether a rule may find something in a resource of this type; decided before its inputs are read. */
export function looksAt(rule: Rule, type: string): boolean {
  const kind = kindOf(type);
  return kind === "any" || (kind !== undefined && rule.kinds.includes(kind));
}

/** `any` for a Kubernetes object, which says itself what it is, and for an unknown type, which may contain anything. */
const kindOf = remembered((type: string): Kind | "any" | undefined => {
  const known = readTypeToken(type).manifest === undefined ? kindOfToken(type) : undefined;
  return known ?? (isHarmless(type) ? undefined : "any");
});
