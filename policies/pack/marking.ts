import { Secret, type ResourceValidationArgs, type ResourceValidationPolicy } from "@pulumi/policy";
import { judgeSubject, type JudgedFinding, type JudgingOptions } from "../judge.ts";
import type { Place, ResourceRule } from "../rule.ts";
import { subjectsOfResource } from "../subject/from-resource.ts";
import { isRecord, markedSecret, type Path } from "../subject/reading.ts";
import { readConfig } from "./config.ts";
import { looksAt, rawInputs } from "./subjects.ts";

type Inputs = Readonly<Record<string, unknown>>;

/**
 * Runs the one rule that looks at secret marks. `@pulumi/policy` shows marks to remediations only (pulumi-policy#241), so
 * the rule judges in `remediateResource` and keeps its verdict for the `validateResource` that follows. A contract test
 * checks that order, and the SDK's class `Secret`.
 */
export function makeMarkWatch(
  rule: ResourceRule,
  judgingOf: (args: ResourceValidationArgs) => JudgingOptions,
): {
  /** @returns inputs with plain values marked, where the place or the configuration says so. */
  readonly remediate: NonNullable<ResourceValidationPolicy["remediateResource"]>;
  /** @returns `undefined` if the engine ran no remediation, as below the level `remediate`. */
  readonly verdictFor: (args: ResourceValidationArgs) => readonly JudgedFinding[] | undefined;
} {
  const kept = new Map<string, readonly JudgedFinding[]>();
  return {
    remediate(args) {
      const { type, name, urn, props, opts } = args;
      if (!looksAt(rule, type)) return undefined;
      const inputs = rawInputs(props);
      const judging = judgingOf(args);
      const options = { protect: opts.protect };
      const subjects = subjectsOfResource({ type, name, urn, props: withMarks(inputs) as Inputs, options });
      const judged = subjects.flatMap((subject) => judgeSubject(rule, subject, judging));
      const { onPlain = onPlainIn(judging.context.place) } = readConfig(args.getConfig(), rule.id);
      // paths of an item of a list are not paths of the inputs: its plain value is refused
      const marked = onPlain === "mark" ? judged.filter(({ subject }) => subject?.id === urn) : [];
      const plain = marked.flatMap(({ violation }) => violation ?? []);
      kept.set(urn, plain.length === 0 ? judged : judged.filter((one) => !marked.includes(one)));
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

function onPlainIn(place: Place): "mark" | "refuse" {
  return place === "dev" || place === "local" ? "mark" : "refuse";
}

/** The inputs with a mark in place of each marked value: rules get no value. */
function withMarks(value: unknown): unknown {
  if (value instanceof Secret) return markedSecret;
  if (Array.isArray(value)) return value.map(withMarks);
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withMarks(item)]));
}

function markAt(value: unknown, path: Path): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return new Secret(value);
  if (value instanceof Secret || !isRecord(value) || !Object.hasOwn(value, key)) return value;
  return { ...value, [key]: markAt(value[key], rest) };
}
