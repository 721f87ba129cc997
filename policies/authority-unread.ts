import { advisoryInDev, mandatory, type ResourceRule, type RuleContext, type Violation } from "./rule.ts";
import { text } from "./subject/reading.ts";
import type { Subject } from "./subject/subject.ts";

/** In another program's stacks, which a policy group may judge as well, such resources are that program's own business. */
function inOwnStack({ isOwnStack = true }: RuleContext, find: () => Violation): readonly Violation[] {
  return isOwnStack ? [find()] : [];
}

function exemption({ label }: Subject): string {
  return `remove it from this stack, or exempt "${label}" in policies/exemptions.ts with a reason and a last day`;
}

export const authorityOpaqueWriter: ResourceRule = {
  id: "authority-opaque-writer",
  family: "authority",
  severity: "critical",
  description: "No resource of this program's stacks writes what no rule can read.",
  why: "A command, a chart or a script can put a database password into Key Vault, and every other rule is silent about it.",
  remediation:
    "Remove the resource from this stack, or exempt it in policies/exemptions.ts with a reason and a last day.",
  references: ["462"],
  levels: mandatory,
  kinds: ["OpaqueWriter"],
  judge: (subject, context) =>
    inOwnStack(context, () => {
      const reason = text(subject.object, "reason") ?? "";
      return { problem: `${reason}; no rule can read what it writes`, fix: exemption(subject) };
    }),
};

export const authorityUnknownType: ResourceRule = {
  id: "authority-unknown-type",
  family: "authority",
  severity: "high",
  description: "Every resource of this program's stacks is of a type that the rules know.",
  why: "A type that no rule knows passes in silence: an API version of its own once carried a database password into Key Vault.",
  remediation:
    "Put the resource into another program's stack, or exempt it in policies/exemptions.ts with a reason and a last day.",
  references: ["462"],
  levels: advisoryInDev,
  kinds: ["UnknownType"],
  judge: (subject, context) =>
    inOwnStack(context, () => ({ problem: "is of a type that no rule knows", fix: exemption(subject) })),
};
