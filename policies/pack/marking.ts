import { Secret, type ResourceValidationArgs, type ResourceValidationPolicy } from "@pulumi/policy";
import type { Place, ResourceRule, RuleContext } from "../rule.ts";
import { subjectsOfResource } from "../subject/from-resource.ts";
import { kindOfToken } from "../subject/kinds.ts";
import { isRecord, markedSecret, type Path } from "../subject/reading.ts";
import { judge, type Verdict } from "../verdict.ts";
import { rawInputs } from "./subjects.ts";

type Inputs = Readonly<Record<string, unknown>>;

/**
 * Sees which values are marked secret. The engine shows marks to remediations only: `@pulumi/policy` strips them before it
 * validates (pulumi-policy#241). So the rule judges in `remediateResource`, and the verdict waits for `validateResource`.
 *
 * It reads the SDK's proxies by an internal name and `Secret` by its class; a contract test guards both.
 */
export function makeMarkWatch(
  rule: ResourceRule,
  contextOf: (urn: string) => RuleContext,
): {
  /** @returns inputs with plain values marked, where the place says so; else nothing, and the verdict is kept. */
  readonly remediate: NonNullable<ResourceValidationPolicy["remediateResource"]>;
  /** The verdict of the remediation just before; undecided where the engine ran none. */
  readonly verdictFor: (args: ResourceValidationArgs) => { readonly verdict: Verdict; readonly label: string };
} {
  const kept = new Map<string, { readonly verdict: Verdict; readonly label: string }>();
  const isOwn = (type: string): boolean => {
    const kind = kindOfToken(type);
    return kind !== undefined && rule.kinds.includes(kind);
  };
  return {
    remediate(args) {
      const { type, name, urn, props } = args;
      if (!isOwn(type)) return undefined;
      const inputs = rawInputs(props);
      const context = contextOf(urn);
      const [subject] = subjectsOfResource({ type, name, urn, props: marksOf(inputs) as Inputs });
      if (subject === undefined) return undefined;
      const verdict = judge(rule, subject, context);
      const marks = verdict.kind === "violation" && onPlain(args.getConfig<Inputs>(), context.place) === "mark";
      kept.set(urn, { verdict: marks ? { kind: "ok" } : verdict, label: subject.label });
      if (!marks) return undefined;
      return verdict.violations.reduce<Inputs>((all, { path = [] }) => markAt(all, path) as Inputs, inputs);
    },
    verdictFor({ type, urn, name }) {
      const found = kept.get(urn);
      kept.delete(urn);
      if (found !== undefined || !isOwn(type)) return found ?? { verdict: { kind: "ok" }, label: name };
      const waitsFor = "the engine shows marks at enforcement level remediate only";
      return { verdict: { kind: "undecided", waitsFor }, label: name };
    },
  };
}

/** In dev and local a plain value is marked; where it matters it is refused, since it was in the clear already. */
function onPlain({ onPlain: configured }: Inputs, place: Place): "mark" | "refuse" {
  if (configured === "mark" || configured === "refuse") return configured;
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
  if (value instanceof Secret || !isRecord(value)) return value;
  return { ...value, [key]: markAt(value[key], rest) };
}
