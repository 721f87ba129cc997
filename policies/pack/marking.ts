import { Secret, type ReportViolation, type ResourceValidationArgs } from "@pulumi/policy";
import { judge, type JudgedFinding, type JudgingOptions } from "../judge.ts";
import type { PolicyEnvironment } from "../environment.ts";
import type { Rule } from "../rule.ts";
import { subjectsOfResource } from "../subject/from-resource.ts";
import { isRecord, mapTree, markedSecret, type Path } from "../subject/reading.ts";
import { readConfig } from "./config.ts";
import { formatEngineMessage } from "./engine-message.ts";
import { looksAt, rawInputs } from "./subjects.ts";

type Inputs = Readonly<Record<string, unknown>>;

/**
 * `@pulumi/policy` shows secret marks to remediations only (pulumi-policy#241), so `remediateResource` judges, and
 * `validateResource` runs next and reports. A contract test checks this order, and the SDK's class `Secret`.
 */
export function markingPolicy(
  rule: Rule,
  judgingOf: (args: ResourceValidationArgs) => JudgingOptions,
  report: (judged: readonly JudgedFinding[], reportViolation: ReportViolation) => void,
) {
  const kept = new Map<string, readonly JudgedFinding[]>();
  return {
    /** @returns inputs with plain values marked, where the environment or the configuration says so. */
    remediateResource(args: ResourceValidationArgs): Inputs | undefined {
      const { type, name, urn, props, opts } = args;
      if (!looksAt(rule, type)) return undefined;
      const inputs = rawInputs(props);
      const judging = judgingOf(args);
      // rules get no value
      const marks = mapTree(inputs, (value) => (value instanceof Secret ? markedSecret : undefined)) as Inputs;
      const subjects = subjectsOfResource({ type, name, urn, props: marks, options: { protect: opts.protect } });
      const judged = judge(rule, subjects, judging);
      const { onPlain = onPlainIn(judging.context.environment) } = readConfig(args.getConfig(), rule.id);
      // paths of an item of a list are not paths of the inputs: its plain value is refused
      const marked = onPlain === "mark" ? judged.filter(({ subject }) => subject?.id === urn) : [];
      const plain = marked.flatMap(({ violation }) => violation ?? []);
      kept.set(urn, plain.length === 0 ? judged : judged.filter((one) => !marked.includes(one)));
      if (plain.length === 0) return undefined;
      return plain.reduce<Inputs>((all, { path = [] }) => markAt(all, path) as Inputs, inputs);
    },
    validateResource({ type, urn, name }: ResourceValidationArgs, reportViolation: ReportViolation): void {
      if (!looksAt(rule, type)) return;
      const judged = kept.get(urn);
      kept.delete(urn);
      if (judged !== undefined) return report(judged, reportViolation);
      // the engine ran no remediation, as below the level `remediate`
      const problem = `${name}: not judged: the engine shows which values are secret at the enforcement level remediate only`;
      const message = formatEngineMessage({ problem, fix: `set ${rule.id} to remediate, or to disabled` });
      reportViolation({ message } as unknown as string);
    },
  };
}

function onPlainIn(environment: PolicyEnvironment): "mark" | "refuse" {
  return environment === "dev" || environment === "local" ? "mark" : "refuse";
}

function markAt(value: unknown, path: Path): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return new Secret(value);
  if (value instanceof Secret || !isRecord(value) || !Object.hasOwn(value, key)) return value;
  return { ...value, [key]: markAt(value[key], rest) };
}
