import type {
  Policies,
  ReportViolation,
  ResourceValidationArgs,
  ResourceValidationPolicy,
  StackValidationArgs,
  StackValidationPolicy,
} from "@pulumi/policy";
import type { Catalogue } from "../../domain/catalogue/catalogue.ts";
import type { Exemption } from "../exemptions.ts";
import { judgeSubject, judgeTogether, type JudgedFinding, type JudgingOptions } from "../judge.ts";
import { isOwnUrn, placeOfUrn } from "../place.ts";
import {
  familyOf,
  isStackRule,
  levelsOf,
  type Place,
  type ResourceRule,
  type Rule,
  type RuleContext,
  type StackRule,
} from "../rule.ts";
import { secretnessUnmarkedValue } from "../secretness.ts";
import { formatEngineMessage } from "./engine-message.ts";
import { configSchema, markingSchema, readConfig } from "./config.ts";
import { makeMarkWatch } from "./marking.ts";
import { makeStackSource, makeSubjectSource } from "./subjects.ts";

/** What the entry file reads for the rules. */
export interface PackInput extends Pick<RuleContext, "vaults"> {
  readonly catalogue: Catalogue;
  readonly exemptions: readonly Exemption[];
  /** `YYYY-MM-DD`, UTC. */
  readonly today: string;
  /** Only in a preview may a rule stay undecided. */
  readonly isPreview: boolean;
  /** Prefix of names in the Key Vault of a place, as its stack file sets it. @default - not known */
  readonly keyVaultPrefixOf?: (place: Place) => string | undefined;
}

/** One Pulumi policy per rule. Creates no PolicyPack, so tests can import it. */
export function policiesOf(rules: readonly Rule[], input: PackInput): Policies {
  const subjectsOf = makeSubjectSource();
  const subjectsOfStack = makeStackSource();
  return rules.map((rule) => {
    if (isStackRule(rule)) return stackPolicy(rule, input, subjectsOfStack);
    return rule === secretnessUnmarkedValue ? markingPolicy(rule, input) : resourcePolicy(rule, input, subjectsOf);
  });
}

function resourcePolicy(
  rule: ResourceRule,
  input: PackInput,
  subjectsOf: ReturnType<typeof makeSubjectSource>,
): ResourceValidationPolicy {
  return {
    ...policyOf(rule),
    validateResource(args: ResourceValidationArgs, reportViolation: ReportViolation) {
      const subjects = subjectsOf(rule, args);
      if (subjects.length === 0) return;
      const judging = judgingOf(rule, input, args.urn, args.getConfig());
      for (const subject of subjects) report(judgeSubject(rule, subject, judging), reportViolation);
    },
  };
}

function stackPolicy(
  rule: StackRule,
  input: PackInput,
  subjectsOfStack: ReturnType<typeof makeStackSource>,
): StackValidationPolicy {
  return {
    ...policyOf(rule),
    validateStack(args: StackValidationArgs, reportViolation: ReportViolation) {
      const judging = judgingOf(rule, input, args.resources[0]?.urn ?? "", args.getConfig());
      const judged = judgeTogether(rule, subjectsOfStack(rule, args.resources), judging);
      report(judged, reportViolation, ({ subject }) => subject?.id.replace(/#\d+$/, ""));
    },
  };
}

function markingPolicy(rule: ResourceRule, input: PackInput): ResourceValidationPolicy {
  const watch = makeMarkWatch(rule, (args) => judgingOf(rule, input, args.urn, args.getConfig()));
  return {
    ...policyOf(rule),
    enforcementLevel: "remediate",
    configSchema: markingSchema,
    remediateResource: watch.remediate,
    validateResource(args: ResourceValidationArgs, reportViolation: ReportViolation) {
      const judged = watch.verdictFor(args);
      if (judged !== undefined) return report(judged, reportViolation);
      const problem = `${args.name}: not judged: the engine shows which values are secret at the enforcement level remediate only`;
      const fix = `set ${rule.id} to remediate, or to disabled`;
      reportViolation({ message: formatEngineMessage({ problem, fix }) } as unknown as string);
    },
  };
}

function judgingOf(
  rule: Rule,
  { catalogue, vaults, ...input }: PackInput,
  urn: string,
  config: object,
): JudgingOptions {
  const place = placeOfUrn(urn);
  const keyVaultPrefix = input.keyVaultPrefixOf?.(place);
  const { everywhere, exemptions } = readConfig(config, rule.id);
  return {
    context: {
      catalogue,
      place,
      isOwnStack: isOwnUrn(urn),
      ...(keyVaultPrefix !== undefined && { keyVaultPrefix }),
      ...(vaults && { vaults }),
    },
    exemptions: [...input.exemptions, ...exemptions],
    today: input.today,
    everywhere,
    undecided: input.isPreview ? "note" : "error",
  };
}

/**
 * Reports findings to the engine. One that is not an error gets a lower level than its policy's: for that the SDK reads an
 * object in place of the message (server.ts, `makeReportViolationFun`); a contract test checks it.
 */
function report(
  judged: readonly JudgedFinding[],
  reportViolation: ReportViolation,
  urnOf: (one: JudgedFinding) => string | undefined = () => undefined,
): void {
  for (const one of judged) {
    const urn = urnOf(one);
    const diagnostic = {
      message: formatEngineMessage(one.finding),
      ...(one.finding.severity === "error" ? {} : { enforcementLevel: "advisory" }),
      ...(urn === undefined ? {} : { urn }),
    };
    reportViolation(diagnostic as unknown as string);
  }
}

function policyOf(rule: Rule) {
  return {
    name: rule.id,
    description: rule.description,
    enforcementLevel: Object.values(levelsOf(rule)).includes("mandatory") ? "mandatory" : "advisory",
    severity: rule.severity,
    tags: [familyOf(rule) ?? ""],
    remediationSteps: rule.remediation,
    url: `https://github.com/ameideio/ameide-secrets/blob/main/docs/policies.md#${rule.id}`,
    configSchema,
  } satisfies Partial<ResourceValidationPolicy>;
}
