import type { Cause } from "./cause.ts";
import { bootstrapCauses } from "./causes/bootstrap.ts";
import { clientPatcherCauses } from "./causes/client-patcher.ts";
import { externalSecretCauses } from "./causes/external-secret.ts";
import { identityCauses } from "./causes/identity.ts";
import { keyVaultCauses } from "./causes/key-vault.ts";
import { secretStoreCauses } from "./causes/secret-store.ts";
import { vaultCauses } from "./causes/vault.ts";

/** Every cause that can be seen at run time, stage by stage: one table for `doctor` and the runbook. */
const causesOfStage = {
  "key-vault": keyVaultCauses,
  identity: identityCauses,
  bootstrap: bootstrapCauses,
  vault: { ...vaultCauses, ...clientPatcherCauses },
  "secret-store": secretStoreCauses,
  "external-secret": externalSecretCauses,
} as const;

type Tables = typeof causesOfStage;

/** Stable; scripts may rely on it. */
export type CauseCode = { [S in keyof Tables]: keyof Tables[S] }[keyof Tables];

const fix = "ameide-secrets up --refresh --stack <stack>";

export const causes = Object.fromEntries(
  Object.entries(causesOfStage).flatMap(([stage, table]) =>
    Object.entries(table).map(([code, cause]) => [code, { stage, severity: "error", fix, ...cause }]),
  ),
) as Readonly<Record<CauseCode, Cause>>;

export const causeCodes = Object.keys(causes) as readonly CauseCode[];
