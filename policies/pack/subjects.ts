import type { PolicyResource, ResourceValidationArgs } from "@pulumi/policy";
import type { Rule, StackRule } from "../rule.ts";
import { subjectsOfResource } from "../subject/from-resource.ts";
import { kindOfToken } from "../subject/kinds.ts";
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

/** Reads the subjects of a resource once for all rules: the SDK gives each policy its own copy of the inputs. */
export function makeSubjectSource(): (rule: Rule, args: ResourceValidationArgs) => readonly Subject[] {
  const shared = new SharedSubjects();
  return (rule, args) => {
    if (!looksAt(rule, args.type)) return [];
    const { type, name, urn, opts, props, provider } = args;
    const options = { protect: opts.protect, isComponent: provider === undefined };
    return shared
      .get(urn, rule, () => subjectsOfResource({ type, name, urn, props: rawInputs(props), options }))
      .filter(({ kind }) => rule.kinds.includes(kind));
  };
}

/** The same for a whole stack. */
export function makeStackSource(): (rule: StackRule, resources: readonly PolicyResource[]) => readonly Subject[] {
  const shared = new SharedSubjects();
  return (rule, resources) =>
    shared.get("stack", rule, () =>
      resources
        .filter(({ type }) => kindOf(type) !== undefined)
        .flatMap(({ type, name, urn, props, opts, provider, dependencies, propertyDependencies }) => {
          const inputsFrom = Object.entries(propertyDependencies).map(([key, from]) => [key, originsOf(from)] as const);
          const options = {
            protect: opts.protect,
            isComponent: provider === undefined,
            dependsOn: dependencies.map((resource) => resource.urn),
            inputsFrom: new Map(inputsFrom),
          };
          return subjectsOfResource({ type, name, urn, props: rawInputs(props), options });
        }),
    );
}

/** The engine lists only computed inputs; the SDK leaves out a resource that is only read. */
function originsOf(from: readonly PolicyResource[]): readonly string[] {
  return from.length === 0 ? [onlyRead] : from.map(({ urn }) => urn);
}

/** A rule that asks for the same key again shows that the engine analyses the resource again. */
class SharedSubjects {
  readonly #byKey = new Map<string, { readonly subjects: readonly Subject[]; readonly askedBy: Set<string> }>();

  get(key: string, rule: Rule, read: () => readonly Subject[]): readonly Subject[] {
    const known = this.#byKey.get(key);
    if (known !== undefined && !known.askedBy.has(rule.id)) {
      known.askedBy.add(rule.id);
      return known.subjects;
    }
    const subjects = read();
    this.#byKey.delete(key); // makes it the newest
    this.#byKey.set(key, { subjects, askedBy: new Set([rule.id]) });
    if (this.#byKey.size > mostKept) this.#byKey.delete(this.#byKey.keys().next().value as string);
    return subjects;
  }
}

/** Whether a rule may find something in a resource of this type; decided before its inputs are read. */
export function looksAt(rule: Rule, type: string): boolean {
  const kind = kindOf(type);
  return kind === "any" || (kind !== undefined && rule.kinds.includes(kind));
}

const kindsByType = new Map<string, Kind | "any" | undefined>();

/** `any` for a Kubernetes object, which says itself what it is, and for an unknown type, which may contain anything. */
function kindOf(type: string): Kind | "any" | undefined {
  if (!kindsByType.has(type)) {
    const known = readTypeToken(type).manifest === undefined ? kindOfToken(type) : undefined;
    kindsByType.set(type, known ?? (isHarmless(type) ? undefined : "any"));
  }
  return kindsByType.get(type);
}
