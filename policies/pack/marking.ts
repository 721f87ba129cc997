import type { Place, ResourceRule, RuleContext } from "../rule.ts";
import { judge } from "../verdict.ts";
import type { RuleConfig } from "./config.ts";
import { subjectsOf, type EngineResource } from "./subjects.ts";
import { markAt, type WireInputs } from "./wire.ts";

/** @returns the inputs with each plain value marked, where the place says so and there is one. */
export function markPlainValues(
  rule: ResourceRule,
  resource: EngineResource,
  context: RuleContext,
  { onPlain = onPlainIn(context.place) }: RuleConfig,
): WireInputs | undefined {
  if (onPlain === "refuse") return undefined;
  const [subject] = subjectsOf(resource).marked();
  if (subject === undefined) return undefined;
  const verdict = judge(rule, subject, context);
  if (verdict.kind !== "violation") return undefined;
  return verdict.violations.reduce<WireInputs>(
    (inputs, { path = [] }) => markAt(inputs, path) as WireInputs,
    resource.inputs(),
  );
}

/** In dev and local a plain value is marked; where it matters it is refused, since it was in the clear already. */
function onPlainIn(place: Place): "mark" | "refuse" {
  return place === "dev" || place === "local" ? "mark" : "refuse";
}
