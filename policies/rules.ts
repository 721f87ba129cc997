import { authorityRules } from "./authority.ts";
import { authorityWriterRules } from "./authority-writers.ts";
import { bootstrapRules } from "./bootstrap.ts";
import { deliveryRules } from "./external-secret.ts";
import { identityRules } from "./identity.ts";
import { keyVaultRules } from "./key-vault.ts";
import { lifecycleRules } from "./lifecycle.ts";
import { placeholderRules } from "./placeholder.ts";
import type { Rule, RuleTable } from "./rule.ts";
import { storeRules } from "./secret-store.ts";
import { secretnessRules } from "./secretness.ts";
import { vaultRules } from "./vault.ts";
import { vaultPolicyRules } from "./vault-policy.ts";

const table = {
  ...authorityRules,
  ...authorityWriterRules,
  ...secretnessRules,
  ...placeholderRules,
  ...identityRules,
  ...vaultRules,
  ...vaultPolicyRules,
  ...storeRules,
  ...deliveryRules,
  ...keyVaultRules,
  ...bootstrapRules,
  ...lifecycleRules,
} satisfies RuleTable;

export const rules: readonly Rule[] = Object.entries<RuleTable[string]>(table).map(([id, rule]) => ({ id, ...rule }));

export const ruleById: ReadonlyMap<string, Rule> = new Map(rules.map((rule) => [rule.id, rule]));
