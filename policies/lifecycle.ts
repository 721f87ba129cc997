import type { Finding } from "../domain/finding.ts";
import { readableReferences } from "../domain/incidents.ts";
import type { PolicyEnvironment } from "./environment.ts";
import { levelsOf, type RuleTable } from "./rule.ts";
import { kindOfToken } from "./subject/kinds.ts";
import { stageOfKind, type Kind } from "./subject/subject.ts";

/** If one of these is lost, its values or the access to them cannot be restored. */
const guarded: readonly Kind[] = ["KeyVault", "KeyVaultSecret", "ManagedIdentity", "VaultMount", "VaultAuthBackend"];

/** If an ExternalSecret that owns its Secret is deleted, the live Secret is deleted too. */
const retained: readonly Kind[] = ["SecretStore", "ExternalSecret"];

/** May be replaced together with its principal; without it vault-bootstrap can read nothing. */
const renewed: readonly Kind[] = ["RoleAssignment"];

/** The configuration of a KV mount contains no values. */
function isGuarded(kind: Kind, type: string): boolean {
  return guarded.includes(kind) && !type.endsWith(":SecretBackendV2");
}

export const lifecycleRules = {
  "lifecycle-protect": {
    severity: "high",
    description: "Key Vault, its secrets, the identity and Vault's mounts are protected.",
    why: "Pulumi deletes a renamed resource: a new name for Vault meant an empty volume, and every secret was lost.",
    remediation: "Set protect: true and retainOnDelete: true on the resource.",
    references: ["P13"],
    levels: { local: "off" },
    kinds: guarded,
    judge({ kind, type, options }) {
      const isUnprotected = options !== undefined && !options.protect && isGuarded(kind, type);
      return isUnprotected && { problem: "is not protected; set protect and retainOnDelete" };
    },
  },
} satisfies RuleTable;

export interface PlannedStep {
  readonly op: string;
  readonly urn: string;
  readonly type: string;
}

const losing = new Set(["delete", "replace", "delete-replaced", "create-replacement", "discard-replaced"]);

/** The engine shows deletions to no policy, so this is not a rule of the pack: the command line judges a preview's steps by it. */
export const lifecycleNoLoss = {
  id: "lifecycle-no-loss",
  severity: "critical",
  description: "No plan deletes or replaces a resource with values, or the access to them.",
  why: "The first change of such a plan already loses the values; the error comes later.",
  remediation:
    "Give a renamed resource an alias, or remove it from the state with `pulumi state delete` and leave it in place.",
  references: ["P13"],
  levels: { local: "off" },
  kinds: [...guarded, ...retained, ...renewed],
} as const;

/** Judges the steps of a preview before the update; a finding stops it before its first change. */
export function judgeSteps(steps: readonly PlannedStep[], environment: PolicyEnvironment): readonly Finding[] {
  if (levelsOf(lifecycleNoLoss)[environment] === "off") return [];
  return steps.flatMap(({ op, urn, type }): readonly Finding[] => {
    const kind = kindOfToken(type);
    if (!losing.has(op) || kind === undefined) return [];
    const isLost = isGuarded(kind, type) || retained.includes(kind) || (renewed.includes(kind) && op === "delete");
    if (!isLost) return [];
    const name = urn.slice(urn.lastIndexOf("::") + 2);
    const { id: code, remediation: fix, references } = lifecycleNoLoss;
    const problem = `the plan would ${op} the ${kind} "${name}"`;
    const see = readableReferences(references).join(", ");
    return [{ code, stage: stageOfKind[kind], severity: "error", subject: name, where: urn, problem, fix, see }];
  });
}
