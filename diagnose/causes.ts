import type { Cause } from "./cause.ts";
import { bootstrapCauses } from "./causes/bootstrap.ts";
import { clientPatcherCauses } from "./causes/client-patcher.ts";
import { externalSecretCauses } from "./causes/external-secret.ts";
import { identityCauses } from "./causes/identity.ts";
import { keyVaultCauses } from "./causes/key-vault.ts";
import { secretStoreCauses } from "./causes/secret-store.ts";
import { vaultCauses } from "./causes/vault.ts";

/** Every cause that can be seen at run time, in the order of the chain: one table for `doctor` and the runbook. */
const table = {
  ...keyVaultCauses,
  ...identityCauses,
  ...bootstrapCauses,
  ...vaultCauses,
  ...clientPatcherCauses,
  ...secretStoreCauses,
  ...externalSecretCauses,
} as const;

/** Stable; scripts may rely on it. */
export type CauseCode = keyof typeof table;

export const causes: Readonly<Record<CauseCode, Cause>> = table;

export const causeCodes = Object.keys(table) as readonly CauseCode[];
