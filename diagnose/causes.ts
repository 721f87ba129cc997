import type { Severity } from "../domain/finding.ts";
import type { Stage } from "../domain/stage.ts";
import { bootstrapCauses } from "./causes/bootstrap.ts";
import { clientPatcherCauses } from "./causes/client-patcher.ts";
import { externalSecretCauses, secretStoreCauses } from "./causes/external-secrets.ts";
import { identityCauses, keyVaultCauses } from "./causes/azure.ts";
import { vaultCauses } from "./causes/vault.ts";

/**
 * One way in which the pipeline breaks, as `doctor` reports it and the runbook describes it. `fix` and `seed` contain the
 * environment's own names for `<stack>`, `<namespace>`, `<context>`, `<key-vault>`, `<identity>`, `<resource-group>`,
 * `<vault>` (the server's pod, `vault-core-<env>`), `<auth-mount>` and `<name>` (what the sighting is about).
 */
interface CauseText {
  /** @default "error" */
  readonly severity?: Severity;
  readonly title: string;
  /** Other names and error messages, including those of document 451. */
  readonly aliases?: readonly string[];
  readonly symptom: string;
  readonly cause: string;
  /** A command, or words that end in `: ` and a command. @default - `up --refresh` puts back what this program created */
  readonly fix?: string;
  /** The fix in `local`, where servers are processes of this machine. @default - `fix` */
  readonly fixInLocal?: string;
  /** Why the fix is what it is, or what to mind. */
  readonly mind?: string;
  /** The commands of document 451, printed for manual work; never run. */
  readonly seed?: readonly string[];
  /** Where to read on: incidents (`domain/incidents.ts`) and issues of other projects. @default - nothing */
  readonly see?: readonly string[];
}

export interface Cause extends CauseText {
  readonly stage: Stage;
  readonly severity: Severity;
  readonly fix: string;
}

/** Every cause that can be seen at run time, stage by stage: one table for `doctor` and the runbook. */
const causesOfStage = {
  "key-vault": keyVaultCauses,
  identity: identityCauses,
  bootstrap: bootstrapCauses,
  vault: { ...vaultCauses, ...clientPatcherCauses },
  "secret-store": secretStoreCauses,
  "external-secret": externalSecretCauses,
} as const satisfies Partial<Record<Stage, Readonly<Record<string, CauseText>>>>;

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
