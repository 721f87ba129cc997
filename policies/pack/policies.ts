import type {
  Policies,
  PolicyConfigSchema,
  ReportViolation,
  ResourceValidationArgs,
  ResourceValidationPolicy,
  StackValidationArgs,
  StackValidationPolicy,
} from "@pulumi/policy";
import type { Catalogue } from "../../domain/catalogue.ts";
import type { Exemption } from "../exemptions.ts";
import { placeOfUrn } from "../place.ts";
import { isStackRule, type Place, type ResourceRule, type Rule, type RuleContext, type StackRule } from "../rule.ts";
import { judge, judgeStack } from "../verdict.ts";
import { configSchema, readConfig } from "./config.ts";
import { report, type Reporting } from "./report.ts";
import { makeSubjectSource, subjectsOfStack } from "./subjects.ts";

/** What the entry hands down; rules read no file and no clock. */
export interface PackInput {
  readonly catalogue: Catalogue;
  readonly exemptions: readonly Exemption[];
  /** `YYYY-MM-DD`, UTC. */
  readonly today: string;
  /** False once the engine said that this is an update: then nothing may stay undecided. */
  readonly mayBeUndecided: boolean;
}

/** One Pulumi policy per rule. Makes no PolicyPack, so that tests may import it. */
export function policiesOf(rules: readonly Rule[], input: PackInput): Policies {
  const subjects = makeSubjectSource();
  return rules.map((rule) => (isStackRule(rule) ? stackPolicy(rule, input) : resourcePolicy(rule, input, subjects)));
}

function resourcePolicy(
  rule: ResourceRule,
  input: PackInput,
  subjects: ReturnType<typeof makeSubjectSource>,
): ResourceValidationPolicy {
  return {
    ...descriptionOf(rule),
    validateResource(args: ResourceValidationArgs, reportViolation: ReportViolation) {
      const place = placeOfUrn(args.urn);
      const context: RuleContext = { catalogue: input.catalogue, place };
      for (const subject of subjects(rule, args)) {
        const verdict = judge(rule, subject, context);
        if (verdict.kind !== "ok")
          report(reportingOf(rule, input, place, args.getConfig()), subject, verdict, reportViolation);
      }
    },
  };
}

function stackPolicy(rule: StackRule, input: PackInput): StackValidationPolicy {
  return {
    ...descriptionOf(rule),
    validateStack({ resources, getConfig }: StackValidationArgs, reportViolation: ReportViolation) {
      const place = placeOfUrn(resources[0]?.urn ?? "");
      const verdict = judgeStack(rule, subjectsOfStack(rule, resources), { catalogue: input.catalogue, place });
      if (verdict.kind !== "ok")
        report(reportingOf(rule, input, place, getConfig()), undefined, verdict, reportViolation);
    },
  };
}

function reportingOf(rule: Rule, input: PackInput, place: Place, config: object): Reporting {
  const { everywhere, exemptions } = readConfig(config);
  return {
    rule,
    place,
    everywhere,
    exemptions: [...input.exemptions, ...exemptions.map((one) => ({ ...one, rule: rule.id }))],
    ...pick(input),
  };
}

function pick({ today, mayBeUndecided }: PackInput): Pick<PackInput, "today" | "mayBeUndecided"> {
  return { today, mayBeUndecided };
}

function descriptionOf(rule: Rule): {
  readonly name: string;
  readonly description: string;
  readonly enforcementLevel: "mandatory" | "advisory";
  readonly severity: Rule["severity"];
  readonly tags: string[];
  readonly remediationSteps: string;
  readonly url: string;
  readonly configSchema: PolicyConfigSchema;
} {
  const strict = Object.values(rule.levels).includes("mandatory");
  return {
    name: rule.id,
    description: rule.description,
    enforcementLevel: strict ? "mandatory" : "advisory",
    severity: rule.severity,
    tags: [rule.family],
    remediationSteps: rule.remediation,
    url: `https://github.com/ameideio/ameide-secrets/blob/main/docs/policies.md#${rule.id}`,
    configSchema,
  };
}
