import type { Catalogue } from "../../domain/catalogue/catalogue.ts";
import type { Exemption } from "../exemptions.ts";
import { placeOfUrn } from "../place.ts";
import { isStackRule, type Place, type ResourceRule, type Rule, type RuleContext } from "../rule.ts";
import { secretnessUnmarkedValue } from "../secretness-marks.ts";
import { judge, judgeStack } from "../verdict.ts";
import { readConfig, type PolicyLevel, type RuleConfig } from "./config.ts";
import { markPlainValues } from "./marking.ts";
import { policyOf, type Policy } from "./policies.ts";
import { report, type Diagnostic, type Reporting } from "./report.ts";
import { looksAt, subjectsOf, type EngineResource } from "./subjects.ts";
import type { WireInputs } from "./wire.ts";

/** What the entry hands down; rules read no file and no clock. */
export interface PackInput {
  readonly catalogue: Catalogue;
  readonly exemptions: readonly Exemption[];
  /** `YYYY-MM-DD`, UTC. */
  readonly today: string;
  /** Whether this is a preview, where the engine's host has said so; then it is not asked again. @default - what the engine says */
  readonly isPreview?: boolean | undefined;
  /** What names in the Key Vault of a place begin with, as its stack file sets it. @default - not known */
  readonly keyVaultPrefixOf?: (place: Place) => string | undefined;
}

/** What is told of one policy. */
export interface Told extends Diagnostic {
  readonly policy: Policy;
  readonly level: "advisory" | "mandatory";
}

/** The level and properties of one policy, where a group or a file sets them. */
export interface PolicyConfig {
  readonly level: PolicyLevel;
  readonly properties: object;
}

/** What the engine asks of a pack. Makes no server, so that tests may use it. */
export interface Analyzer {
  readonly policies: readonly Policy[];
  configure(config: ReadonlyMap<string, PolicyConfig>): void;
  /** An engine that says nothing of it is in a preview: there alone may a rule stay undecided. */
  configureStack(stack: { readonly isPreview: boolean }): void;
  /** Judges a resource before it is made. */
  analyze(resource: EngineResource): readonly Told[];
  /** Judges all resources together, once the run is over. */
  analyzeStack(resources: readonly EngineResource[]): readonly Told[];
  /** @returns the inputs with plain values marked secret, where the place says so. */
  remediate(resource: EngineResource): { readonly policy: Policy; readonly inputs: WireInputs } | undefined;
}

interface Held {
  readonly rule: Rule;
  readonly policy: Policy;
  level: PolicyLevel;
  config: RuleConfig;
}

export function makeAnalyzer(rules: readonly Rule[], input: PackInput): Analyzer {
  const held = rules.map((rule): Held => {
    const policy = policyOf(rule);
    return { rule, policy, level: policy.level, config: readConfig({}, rule.id) };
  });
  const marking = held.find(({ rule }) => rule === secretnessUnmarkedValue);
  let isPreview = input.isPreview ?? true;

  const toldOf = ({ policy, level }: Held, diagnostics: readonly Diagnostic[]): readonly Told[] =>
    diagnostics.map((one) => ({
      ...one,
      policy,
      level: one.advisory || level === "advisory" ? "advisory" : "mandatory",
    }));
  const reportingOf = ({ rule, config }: Held, { place }: RuleContext): Reporting => ({
    rule,
    place,
    everywhere: config.everywhere,
    exemptions: [...input.exemptions, ...config.exemptions],
    today: input.today,
    mayBeUndecided: isPreview,
  });

  return {
    policies: held.map(({ policy }) => policy),

    configure(config) {
      for (const one of held) {
        const { level = one.policy.level, properties = {} } = config.get(one.policy.name) ?? {};
        one.level = level;
        one.config = readConfig(properties, one.rule.id);
      }
    },

    configureStack(stack) {
      isPreview = input.isPreview ?? stack.isPreview;
    },

    analyze(resource) {
      const context = contextOf(input, resource.urn);
      const subjects = subjectsOf(resource);
      return held.flatMap((one) => {
        const { rule, level } = one;
        if (isStackRule(rule) || level === "disabled" || !looksAt(rule, resource.type)) return [];
        return (one === marking ? subjects.marked() : subjects.plain()).flatMap((subject) => {
          const verdict = judge(rule, subject, context);
          return verdict.kind === "ok" ? [] : toldOf(one, report(reportingOf(one, context), subject, verdict));
        });
      });
    },

    analyzeStack(resources) {
      const context = contextOf(input, resources[0]?.urn ?? "");
      const all = resources.map((resource) => ({ type: resource.type, subjects: subjectsOf(resource) }));
      return held.flatMap((one) => {
        const { rule, level } = one;
        if (!isStackRule(rule) || level === "disabled") return [];
        const own = all.filter(({ type }) => looksAt(rule, type)).flatMap(({ subjects }) => subjects.plain());
        const verdict = judgeStack(rule, own, context);
        return verdict.kind === "ok" ? [] : toldOf(one, report(reportingOf(one, context), undefined, verdict));
      });
    },

    remediate(resource) {
      if (marking?.level !== "remediate" || !looksAt(marking.rule, resource.type)) return undefined;
      const context = contextOf(input, resource.urn);
      const inputs = markPlainValues(marking.rule as ResourceRule, resource, context, marking.config);
      return inputs === undefined ? undefined : { policy: marking.policy, inputs };
    },
  };
}

function contextOf({ catalogue, keyVaultPrefixOf }: PackInput, urn: string): RuleContext {
  const place = placeOfUrn(urn);
  const keyVaultPrefix = keyVaultPrefixOf?.(place);
  return { catalogue, place, ...(keyVaultPrefix === undefined ? {} : { keyVaultPrefix }) };
}
