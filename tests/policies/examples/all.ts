import { authorityExamples } from "./authority.ts";
import { bootstrapExamples } from "./bootstrap.ts";
import { deliveryExamples } from "./delivery.ts";
import type { Example } from "./example.ts";
import { identityExamples } from "./identity.ts";
import { keyVaultExamples } from "./key-vault.ts";
import { lifecycleExamples } from "./lifecycle.ts";
import { placeholderExamples } from "./placeholder.ts";
import { secretnessExamples } from "./secretness.ts";
import { storeExamples } from "./store.ts";
import { vaultExamples } from "./vault.ts";

/** One example a rule; the tests judge by them, docs/policies.md prints them. */
export const examples: readonly Example[] = [
  ...authorityExamples,
  ...secretnessExamples,
  ...placeholderExamples,
  ...identityExamples,
  ...vaultExamples,
  ...storeExamples,
  ...deliveryExamples,
  ...keyVaultExamples,
  ...bootstrapExamples,
  ...lifecycleExamples,
];
