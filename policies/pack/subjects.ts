import type { PolicyResource, ResourceValidationArgs } from "@pulumi/policy";
import sdk from "@pulumi/policy/deserialize.js";
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

/**
 * The SDK copies the inputs of a resource for each policy, which took most of the pack's time. Here it copies them once
 * for each request: no rule changes them. A contract test checks that the SDK calls this function through its module.
 */
const copier = sdk as unknown as { deserializeProperties: (inputs: object, showsMarks: boolean) => Props };
const copy = copier.deserializeProperties;
const copyOnce = remembered((inputs: object) => copy(inputs, false), new WeakMap());
copier.deserializeProperties = (inputs, showsMarks) => (showsMarks ? copy(inputs, true) : copyOnce(inputs));

const subjectsByInputs = new WeakMap<Props, readonly Subject[]>();

/** Reads the subjects of a resource once for all rules, as long as the SDK gives them the same copy of its inputs. */
export function subjectsOf(resources: readonly (ResourceValidationArgs | PolicyResource)[]): readonly Subject[] {
  return resources
    .filter(({ type }) => kindOf(type) !== undefined)
    .flatMap((resource) => {
      const inputs = rawInputs(resource.props);
      const subjects = subjectsByInputs.get(inputs) ?? subjectsIn(resource);
      subjectsByInputs.set(inputs, subjects);
      return subjects;
    });
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
