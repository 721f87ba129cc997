import type { PolicyConfigSchema } from "@pulumi/policy";
import type { Exemption } from "../exemptions.ts";
import { isRecord } from "../subject/reading.ts";

/** What each rule accepts in addition to `enforcementLevel`, in a policy group or by `--policy-pack-config`. */
export const configSchema: PolicyConfigSchema = {
  properties: {
    everywhere: {
      type: "boolean",
      default: false,
      description: "Use the enforcement level unchanged instead of lowering it where the rule is advisory.",
    },
    exemptions: {
      type: "array",
      default: [],
      description: "Subjects that may violate the rule until a date; each needs a reason and an owner.",
      items: {
        type: "object",
        required: ["subject", "reason", "owner", "until"],
        additionalProperties: false,
        properties: {
          subject: { type: "string", minLength: 1 },
          environments: {
            type: "array",
            items: { type: "string", enum: ["dev", "staging", "prod", "local", "shared"] },
          },
          reason: { type: "string", minLength: 1 },
          owner: { type: "string", minLength: 1 },
          until: { type: "string", pattern: "^\\d{4}-\\d{2}-\\d{2}$" },
        },
      },
    },
  },
};

/** For the rule about secret marks. */
export const markingSchema: PolicyConfigSchema = {
  properties: {
    ...configSchema.properties,
    onPlain: {
      type: "string",
      enum: ["mark", "refuse"],
      description: "Mark a plain value secret, or refuse it. Not set: mark in dev and local, refuse everywhere else.",
    },
  },
};

export interface RuleConfig {
  readonly everywhere: boolean;
  readonly exemptions: readonly Exemption[];
  /** Only for the rule about secret marks. */
  readonly onPlain?: "mark" | "refuse";
}

/** @param config - checked by the engine, with defaults; `{}` if there is none. */
export function readConfig(config: object, rule: string): RuleConfig {
  const { everywhere, exemptions, onPlain } = config as Record<string, unknown>;
  const own = Array.isArray(exemptions) ? exemptions.filter(isRecord) : [];
  return {
    everywhere: everywhere === true,
    exemptions: own.map((one) => Object.assign({ rule }, one) as unknown as Exemption),
    ...(onPlain === "mark" || onPlain === "refuse" ? { onPlain } : {}),
  };
}
