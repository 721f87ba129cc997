import type { Finding } from "../finding.ts";
import type { Stage } from "../stage.ts";
import type { Application, Tracking } from "./argocd.ts";
import type { TerraformFile } from "./terraform.ts";

/** A Kubernetes object of this stack's plan that exists already. */
export interface LiveObject {
  readonly kind: string;
  /** `namespace/name`, or the name of what has no namespace. */
  readonly object: string;
  /** Has this program's label or field manager; ArgoCD may apply it all the same. */
  readonly isOurs: boolean;
  /** Such as `the ArgoCD application "dev-foundation"`; left out where nothing else is known to write it. */
  readonly owner?: string;
  readonly tracking?: Tracking;
  /** Whether it stays when it leaves the source of what applies it. */
  readonly isKept: boolean;
  /** `annotation=value` that makes it stay. */
  readonly keeping: string;
  readonly handOver: string;
}

/** What was read before the plan is made: names and verdicts, no value. */
export interface MoveInFacts {
  readonly terraform?: TerraformFile;
  /** Names with another value in the Terraform file than in Key Vault. @default - not compared */
  readonly staleInTerraform?: readonly string[];
  /** What exists in Azure and Vault and would be created, with the entries that adopt it; and what would lose its access. */
  readonly findings: readonly Finding[];
  /** The command that sets what the rules require of an existing Key Vault. @default - it lacks nothing */
  readonly keyVaultPreparation?: string;
  /** Key Vault names that this program never reads, with their owners. */
  readonly strangers: readonly { readonly name: string; readonly owner: string }[];
  readonly isSharedUpdated: boolean;
  /** Vault roles and policies that this stack needs and Vault lacks, such as `role ameide-secrets-bootstrap`. */
  readonly missingInVault: readonly string[];
  readonly pinsReviewerToken: boolean;
  /** CronJobs that run as vault-bootstrap and are not this program's. */
  readonly otherCronJobs: readonly { readonly object: string; readonly suspended: boolean; readonly active: number }[];
  readonly objects: readonly LiveObject[];
  readonly plannedObjects: number;
  readonly applications: readonly Application[];
  /** Why they could not be read, as where ArgoCD runs in another cluster. @default - they were read */
  readonly unreadApplications?: string;
  /** The Application that will apply the rendered files. @default - the one that applies the objects now, if it is one */
  readonly target?: string;
  /** External secrets in Vault without this program's mark; without a verdict where values were not compared. */
  readonly unmarked: readonly { readonly path: string; readonly is?: "source" | "placeholder" | "foreign" }[];
  readonly refusedByAdmission: readonly string[];
  /** What could not be read, by step. */
  readonly unseen: Readonly<Partial<Record<string, string>>>;
}

/** One step of the plan. Each list has commands, snippets or sentences for a person. */
export interface MoveInStep {
  /** Stable and kebab-case. */
  readonly id: string;
  readonly stage: Stage;
  readonly title: string;
  /** `unknown`: what decides it could not be seen; `note` says what is missing. */
  readonly state: "done" | "open" | "unknown";
  readonly note?: string;
  /** What the step is about, each object with its owner now. */
  readonly objects: readonly string[];
  readonly before: readonly string[];
  readonly run: readonly string[];
  readonly after: readonly string[];
  readonly back: readonly string[];
}

/** A step before it is known whether everything about it could be seen. */
export type DraftStep = Omit<MoveInStep, "state" | "objects" | "before" | "after"> &
  Partial<Pick<MoveInStep, "objects" | "before" | "after">> & { readonly isDone: boolean };
