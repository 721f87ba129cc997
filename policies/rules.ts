import { authorityClusterManaged, authorityNotInCatalogue } from "./authority.ts";
import type { Rule } from "./rule.ts";
import { vaultReviewerToken } from "./vault.ts";

/** Every rule of the pack, by family in the order of `families`. */
export const rules: readonly Rule[] = [authorityClusterManaged, authorityNotInCatalogue, vaultReviewerToken];
