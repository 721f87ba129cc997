import type { PolicyConfigSchema } from "@pulumi/policy";
import { z } from "zod";
import type { Exemption } from "../exemptions.ts";
import { policyEnvironments } from "../environment.ts";

const text = z.string().min(1);

const settings = {
  everywhere: z
    .boolean()
    .default(false)
    .describe("Use the enforcement level unchanged instead of lowering it where the rule is advisory."),
  exemptions: z
    .array(
      z.strictObject({
        subject: text,
        environments: z.array(z.enum(policyEnvironments)).optional(),
        reason: text,
        owner: text,
        until: z.string().regex(/^\d{4}-\d{2}-\d{2}$/),
      }),
    )
    .default([])
    .describe("Subjects that may violate the rule until a date; each needs a reason and an owner."),
};

const onPlain = z
  .enum(["mark", "refuse"])
  .optional()
  .describe(
    "Whether to mark a plain value as secret or to refuse it. By default: mark in dev and local, refuse everywhere else.",
  );

const allSettings = z.object({ ...settings, onPlain });

/** What each rule accepts in addition to `enforcementLevel`, in a policy group or by `--policy-pack-config`. */
export const configSchema = schemaOf(z.object(settings));

export const markingSchema = schemaOf(allSettings);

function schemaOf(config: z.ZodObject): PolicyConfigSchema {
  const { properties = {} } = z.toJSONSchema(config, { io: "input" });
  return { properties: properties as PolicyConfigSchema["properties"] };
}

/** @param config - checked by the engine; `{}` if there is none. */
export function readConfig(config: object, rule: string) {
  const { exemptions, ...rest } = allSettings.parse(config);
  return { ...rest, exemptions: exemptions.map((one) => ({ rule, ...one }) as Exemption) };
}
