import type {
  Policies,
  ReportViolation,
  ResourceValidationArgs,
  ResourceValidationPolicy,
  StackValidationArgs,
} from "@pulumi/policy";
import { judge, type JudgedFinding, type JudgingOptions } from "../judge.ts";
import { isOwnUrn, environmentOfUrn, type PolicyEnvironment } from "../environment.ts";
import { familyOf, isStackRule, levelsOf, type Rule, type RuleContext } from "../rule.ts";
import { configSchema, markingSchema, readConfig } from "./config.ts";
import { formatEngineMessage } from "./engine-message.ts";
import { markingPolicy } from "./marking.ts";
import { looksAt, subjectsOf } from "./subjects.ts";

export interface PackInput
  extends Pick<RuleContext, "catalogue" | "vaults">, Pick<JudgingOptions, "exemptions" | "today"> {
  /** Only in a preview may a rule stay undecided. */
  readonly isPreview: boolean;
  /** Prefix of names in the Key Vault of an environment, as its stack file sets it. @default - not known */
  readonly keyVaultPrefixOf?: (environment: PolicyEnvironment) => string | undefined;
}

/** One Pulumi policy per rule. Creates no PolicyPack, so tests can import it. */
export function policiesOf(rules: readonly Rule[], input: PackInput): Policies {
  return rules.map((rule): Policies[number] => {
    const common = policyOf(rule);
    const judgingOf = (args: ResourceValidationArgs) => judgingBy(rule, input, args.urn, args.getConfig());
    if (isStackRule(rule)) {
      return {
        ...common,
        validateStack(args: StackValidationArgs, reportViolation: ReportViolation) {
          const judging = judgingBy(rule, input, args.resources[0]?.urn ?? "", args.getConfig());
          report(judge(rule, subjectsOf(args.resources), judging), reportViolation, true);
        },
      };
    }
    if (rule.looksAtMarks === true) {
      const policy = markingPolicy(rule, judgingOf, report);
      return { ...common, enforcementLevel: "remediate", configSchema: markingSchema, ...policy };
    }
    return {
      ...common,
      validateResource(args: ResourceValidationArgs, reportViolation: ReportViolation) {
        if (!looksAt(rule, args.type)) return;
        const subjects = subjectsOf([args]).filter(({ kind }) => rule.kinds.includes(kind));
        if (subjects.length > 0) report(judge(rule, subjects, judgingOf(args)), reportViolation);
      },
    };
  });
}

function judgingBy(rule: Rule, input: PackInput, urn: string, config: object): JudgingOptions {
  const { catalogue, vaults, exemptions, today, isPreview, keyVaultPrefixOf } = input;
  const environment = environmentOfUrn(urn);
  const { everywhere, exemptions: own } = readConfig(config, rule.id);
  return {
    context: {
      catalogue,
      environment,
      isOwnStack: isOwnUrn(urn),
      keyVaultPrefix: keyVaultPrefixOf?.(environment),
      vaults,
    },
    exemptions: [...exemptions, ...own],
    today,
    everywhere,
    undecided: isPreview ? "note" : "error",
  };
}

/**
 * A finding that is not an error gets a lower level than its policy's: for that the SDK reads an object in place of the
 * message (server.ts, `makeReportViolationFun`); a contract test checks it.
 * @param isOfStack - whether the engine needs the URN of the resource.
 */
function report(judged: readonly JudgedFinding[], reportViolation: ReportViolation, isOfStack = false): void {
  for (const { finding, subject } of judged) {
    const diagnostic = {
      message: formatEngineMessage(finding),
      ...(finding.severity === "error" ? {} : { enforcementLevel: "advisory" }),
      ...(isOfStack && subject && { urn: subject.id.replace(/#\d+$/, "") }),
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
