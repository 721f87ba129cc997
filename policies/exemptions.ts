import type { PolicyEnvironment } from "./environment.ts";

/** Lets one subject violate one rule until a date. The violation stays visible as advisory. */
export interface Exemption {
  readonly rule: string;
  /** The subject's label, such as `ExternalSecret ameide-dev/gitlab-db-credentials-sync`; `*` matches any text. */
  readonly subject: string;
  /** @default - every environment. */
  readonly environments?: readonly PolicyEnvironment[];
  readonly reason: string;
  readonly owner: string;
  /** Last day on which it holds, `YYYY-MM-DD`, UTC. */
  readonly until: string;
}

/** Reviewed as code. Keep it short. */
export const exemptions: readonly Exemption[] = [];

export type Exempted = { readonly kind: "none" } | { readonly kind: "holds" | "ended"; readonly exemption: Exemption };

/** @param today - `YYYY-MM-DD`, UTC. @returns a valid one before one that has ended. */
export function exemptionFor(
  list: readonly Exemption[],
  {
    rule,
    subject,
    environment,
  }: { readonly rule: string; readonly subject: string; readonly environment: PolicyEnvironment },
  today: string,
): Exempted {
  const own = list.filter(
    (exemption) =>
      exemption.rule === rule &&
      (exemption.environments?.includes(environment) ?? true) &&
      globExpression(exemption.subject).test(subject),
  );
  const holding = own.find(({ until }) => today <= until);
  if (holding !== undefined) return { kind: "holds", exemption: holding };
  const [ended] = own;
  return ended === undefined ? { kind: "none" } : { kind: "ended", exemption: ended };
}

/** What is wrong with the exemptions themselves: an unreadable date must not last forever. */
export function exemptionProblems(list: readonly Exemption[], ruleIds: ReadonlySet<string>): readonly string[] {
  return list.flatMap(({ rule, subject, reason, owner, until }) => [
    ...(ruleIds.has(rule) ? [] : [`exemption of "${subject}" names the rule "${rule}", which does not exist`]),
    ...(isDate(until)
      ? []
      : [`exemption of "${subject}" from ${rule} ends on "${until}", which is not a date; use YYYY-MM-DD`]),
    ...(reason.trim() === "" ? [`exemption of "${subject}" from ${rule} has no reason`] : []),
    ...(owner.trim() === "" ? [`exemption of "${subject}" from ${rule} has no owner`] : []),
    ...(/^[\s*/]*$/.test(subject) ? [`exemption from ${rule} matches every subject; name one`] : []),
  ]);
}

function isDate(text: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text));
}

function globExpression(glob: string): RegExp {
  return new RegExp(`^${glob.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll("*", ".*")}$`);
}
