import { Secret, type ResourceValidationArgs, type ResourceValidationPolicy } from "@pulumi/policy";
import { judgeSubject, type JudgedFinding, type JudgingOptions } from "../judge.ts";
import type { Place, ResourceRule } from "../rule.ts";
import { subjectsOfResource } from "../subject/from-resource.ts";
import { isRecord, markedSecret, type Path } from "../subject/reading.ts";
import { readConfig } from "./config.ts";
import { looksAt, rawInputs } from "./subjects.ts";

type Inputs = Readonly<Record<string, unknown>>;

/**
 * The one rule that looks at marks instead of values. `@pulumi/policy` takes the marks away before it validates
 * (pulumi-policy#241) and shows them to remediations, so the rule judges in `remediateResource` and keeps its verdict for
 * the `validateResource` that follows. A contract test holds that order, and the SDK's class `Secret`.
 */
export function makeMarkWatch(
  rule: ResourceRule,
  judgingOf: (args: ResourceValidationArgs) => JudgingOptions,
): {
  /** @returns inputs with plain values marked, where the environment or the configuration says so. */
  readonly remediate: NonNullable<ResourceValidationPolicy["remediateResource"]>;
  /** The verdict that the remediation kept; `undefined` where the engine ran none, as below the level `remediate`. */
  readonly verdictFor: (args: ResourceValidationArgs) => readonly JudgedFinding[] | undefined;
} {
  const kept = new Map<string, readonly JudgedFinding[]>();
  return {
    remediate(args) {
      const { type, name, urn, props, opts } = args;
      if (!looksAt(rule, type)) return undefined;
      const inputs = rawInputs(props);
      const judging = judgingOf(args);
      const subjects = subjectsOfResource({
        type,
        name,
        urn,
        props: marksOf(inputs) as Inputs,
        options: { protect: opts.protect },
      });
      const judged = subjects.flatMap((subject) => judgeSubject(rule, subject, judging));
      const { onPlain = onPlainIn(judging.context.place) } = readConfig(args.getConfig(), rule.id);
      // an item of a list has paths of its own, not those of the inputs: it is refused
      const marked = onPlain === "mark" ? judged.filter(({ subject }) => subject?.id === urn) : [];
      const plain = marked.flatMap(({ violation }) => violation ?? []);
      kept.set(
        urn,
        judged.filter((one) => !(plain.length > 0 && marked.includes(one))),
      );
      if (plain.length === 0) return undefined;
      return plain.reduce<Inputs>((all, { path = [] }) => markAt(all, path) as Inputs, inputs);
    },
    verdictFor({ type, urn }) {
      if (!looksAt(rule, type)) return [];
      const verdict = kept.get(urn);
      kept.delete(urn);
      return verdict;
    },
  };
}

/** In dev and local a plain value is marked; where it matters it is refused, since it was in the clear already. */
function onPlainIn(place: Place): "mark" | "refuse" {
  return place === "dev" || place === "local" ? "mark" : "refuse";
}

/** The inputs with each marked value replaced by the mark: no value is carried further. */
function marksOf(value: unknown): unknown {
  if (value instanceof Secret) return markedSecret;
  if (Array.isArray(value)) return value.map(marksOf);
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, marksOf(item)]));
}

function markAt(value: unknown, path: Path): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return new Secret(value);
  if (value instanceof Secret || !isRecord(value) || !Object.hasOwn(value, key)) return value;
  return { ...value, [key]: markAt(value[key], rest) };
}
