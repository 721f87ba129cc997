import { isStackRule, type Rule } from "../rule.ts";
import { secretnessUnmarkedValue } from "../secretness-marks.ts";
import { configSchema, markingSchema, type PolicyLevel } from "./config.ts";

/** A rule as the engine, a policy group and Pulumi Cloud show it: each keeps its own name, level and configuration. */
export interface Policy {
  readonly name: string;
  readonly description: string;
  readonly kind: "resource" | "stack";
  readonly level: PolicyLevel;
  readonly severity: Rule["severity"];
  readonly tags: readonly string[];
  readonly remediationSteps: string;
  readonly url: string;
  /** Properties of a JSON Schema. */
  readonly configSchema: object;
}

export function policyOf(rule: Rule): Policy {
  const marks = rule === secretnessUnmarkedValue;
  const strict = Object.values(rule.levels).includes("mandatory");
  return {
    name: rule.id,
    description: rule.description,
    kind: isStackRule(rule) ? "stack" : "resource",
    level: marks ? "remediate" : strict ? "mandatory" : "advisory",
    severity: rule.severity,
    tags: [rule.family],
    remediationSteps: rule.remediation,
    url: `https://github.com/ameideio/ameide-secrets/blob/main/docs/policies.md#${rule.id}`,
    configSchema: marks ? markingSchema : configSchema,
  };
}
