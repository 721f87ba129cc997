import type {
  Policies,
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
import { secretnessUnmarkedValue } from "../secretness-marks.ts";
import { judge, judgeStack } from "../verdict.ts";
import { configSchema, markingSchema, readConfig } from "./config.ts";
import { makeMarkWatch } from "./marking.ts";
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
  /** What names in the Key Vault of a place begin with, as its stack file sets it. @default - not known */
  readonly keyVaultPrefixOf?: (place: Place) => string | undefined;
}

/** One Pulumi policy per rule. Makes no PolicyPack, so that tests may import it. */
export function policiesOf(rules: readonly Rule[], input: PackInput): Policies {
  const subjects = makeSubjectSource();
  return rules.map((rule) => {
    if (isStackRule(rule)) return stackPolicy(rule, input);
    return rule === secretnessUnmarkedValue ? markingPolicy(rule, input) : resourcePolicy(rule, input, subjects);
  });
}

function resourcePolicy(
  rule: ResourceRule,
  input: PackInput,
  subjects: ReturnType<typeof makeSubjectSource>,
): ResourceValidationPolicy {
  return {
    ...descriptionOf(rule),
    configSchema,
    validateResource(args: ResourceValidationArgs, reportViolation: ReportViolation) {
      const context = contextOf(input, args.urn);
      for (const subject of subjects(rule, args)) {
        const verdict = judge(rule, subject, context);
        if (verdict.kind === "ok") continue;
        report(reportingOf(rule, input, context, args.getConfig()), subject, verdict, reportViolation);
      }
    },
  };
}

function stackPolicy(rule: StackRule, input: PackInput): StackValidationPolicy {
  return {
    ...descriptionOf(rule),
    configSchema,
    validateStack(args: StackValidationArgs, reportViolation: ReportViolation) {
      const context = contextOf(input, args.resources[0]?.urn ?? "");
      const verdict = judgeStack(rule, subjectsOfStack(rule, args.resources), context);
      if (verdict.kind === "ok") return;
      report(reportingOf(rule, input, context, args.getConfig()), undefined, verdict, reportViolation);
    },
  };
}

function markingPolicy(rule: ResourceRule, input: PackInput): ResourceValidationPolicy {
  const watch = makeMarkWatch(rule, (urn) => contextOf(input, urn));
  return {
    ...descriptionOf(rule),
    enforcementLevel: "remediate",
    configSchema: markingSchema,
    remediateResource: watch.remediate,
    validateResource(args: ResourceValidationArgs, reportViolation: ReportViolation) {
      const { verdict, label } = watch.verdictFor(args);
      if (verdict.kind === "ok") return;
      const reporting = reportingOf(rule, input, contextOf(input, args.urn), args.getConfig());
      report(reporting, { label, id: args.urn }, verdict, reportViolation);
    },
  };
}

function contextOf({ catalogue, keyVaultPrefixOf }: PackInput, urn: string): RuleContext {
  const place = placeOfUrn(urn);
  const keyVaultPrefix = keyVaultPrefixOf?.(place);
  return { catalogue, place, ...(keyVaultPrefix === undefined ? {} : { keyVaultPrefix }) };
}

function reportingOf(rule: Rule, input: PackInput, { place }: RuleContext, config: object): Reporting {
  const { everywhere, exemptions } = readConfig(config, rule.id);
  const { today, mayBeUndecided } = input;
  return { rule, place, everywhere, exemptions: [...input.exemptions, ...exemptions], today, mayBeUndecided };
}

interface Description {
  readonly name: string;
  readonly description: string;
  readonly enforcementLevel: "mandatory" | "advisory";
  readonly severity: Rule["severity"];
  readonly tags: string[];
  readonly remediationSteps: string;
  readonly url: string;
}

function descriptionOf(rule: Rule): Description {
  const strict = Object.values(rule.levels).includes("mandatory");
  return {
    name: rule.id,
    description: rule.description,
    enforcementLevel: strict ? "mandatory" : "advisory",
    severity: rule.severity,
    tags: [rule.family],
    remediationSteps: rule.remediation,
    url: `https://github.com/ameideio/ameide-secrets/blob/main/docs/policies.md#${rule.id}`,
  };
}
