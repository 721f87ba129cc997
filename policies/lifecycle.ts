import type { Finding } from "../domain/finding.ts";
import { levelsOf, type Place, type ResourceRule } from "./rule.ts";
import { kindOfToken } from "./subject/kinds.ts";
import { stageOfKind, type Kind } from "./subject/subject.ts";

/** What holds values or the way to them: lost with it is what nobody can make again. */
const guarded: readonly Kind[] = ["KeyVault", "KeyVaultSecret", "ManagedIdentity", "VaultMount", "VaultAuthBackend"];

/** Kept when it leaves the program: an ExternalSecret that owns its Secret takes the live one with it. */
const retained: readonly Kind[] = ["SecretStore", "ExternalSecret"];

/** Replaced together with its principal, which is no loss; without it vault-bootstrap reads nothing. */
const renewed: readonly Kind[] = ["RoleAssignment"];

/** The KV mount's configuration holds nothing. */
function isGuarded(kind: Kind, type: string): boolean {
  return guarded.includes(kind) && !type.endsWith(":SecretBackendV2");
}

export const lifecycleProtect: ResourceRule = {
  id: "lifecycle-protect",
  severity: "high",
  description: "Key Vault, its secrets, identity, and Vault's mounts are protected.",
  why: "A renamed resource is a deleted one: a new name of the Vault meant an empty volume and every secret lost.",
  remediation: "Set protect: true and retainOnDelete: true on it.",
  references: ["P13"],
  levels: { local: "off" },
  kinds: guarded,
  judge({ kind, type, options }) {
    if (options === undefined || !isGuarded(kind, type)) return [];
    return options.protect ? [] : [{ problem: "is not protected; set protect and retainOnDelete" }];
  },
};

/** One step of a preview, as its events tell it. */
export interface PlannedStep {
  readonly op: string;
  readonly urn: string;
  readonly type: string;
}

const losing = new Set(["delete", "replace", "delete-replaced", "create-replacement", "discard-replaced"]);

/** Not a rule of the pack, since no policy is shown a deletion: the command line judges the preview's steps by it. */
export const lifecycleNoLoss = {
  id: "lifecycle-no-loss",
  severity: "critical",
  description: "No plan deletes or replaces what holds values or the way to them.",
  why: "The first change of such a plan is the loss; the error comes after it.",
  remediation:
    "Give a renamed resource an alias, or take it out of the program by `pulumi state` and leave it in place.",
  references: ["P13"],
  levels: { local: "off" },
  kinds: [...guarded, ...retained, ...renewed],
} as const;

/** Judges the steps of a preview before the update; a finding stops it before its first change. */
export function judgeSteps(steps: readonly PlannedStep[], place: Place): readonly Finding[] {
  if (levelsOf(lifecycleNoLoss)[place] === "off") return [];
  return steps.flatMap(({ op, urn, type }): readonly Finding[] => {
    const kind = kindOfToken(type);
    if (!losing.has(op) || kind === undefined) return [];
    const isLost = isGuarded(kind, type) || retained.includes(kind) || (renewed.includes(kind) && op === "delete");
    if (!isLost) return [];
    const name = urn.slice(urn.lastIndexOf("::") + 2);
    return [
      {
        code: lifecycleNoLoss.id,
        stage: stageOfKind[kind],
        severity: "error",
        subject: name,
        where: urn,
        problem: `the plan would ${op} the ${kind} "${name}"`,
        fix: lifecycleNoLoss.remediation,
        see: lifecycleNoLoss.references.join(", "),
      },
    ];
  });
}
