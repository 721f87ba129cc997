import { advisory, judgeEach, type Violations, type RuleTable } from "./rule.ts";
import { normalise } from "../domain/names.ts";
import { at, entries, text, writtenText } from "./subject/reading.ts";
import type { Kind, Subject } from "./subject/subject.ts";

const vaults: readonly Kind[] = ["KeyVault"];

const retentionInDays = 90;

/** Key Vault's own limits. */
const mostBytes = 25 * 1024;

const mostTags = 15;

export const keyVaultRules = {
  "key-vault-rbac": {
    severity: "high",
    description: "Access to a Key Vault is granted by role assignments only.",
    why: "With access policies the role of vault-bootstrap has no effect: it gets 403, and nothing says why.",
    remediation: "Set enableRbacAuthorization: true and remove accessPolicies.",
    references: ["https://learn.microsoft.com/azure/key-vault/general/rbac-guide"],
    kinds: vaults,
    judge({ object }) {
      const policies = setting(object, "accessPolicies");
      const problem = "has access policies, which have no effect with RBAC; remove them";
      return [
        mustBeTrue(object, "enableRbacAuthorization"),
        Array.isArray(policies) && policies.length > 0 && { path: ["properties", "accessPolicies"], problem },
      ];
    },
  },
  "key-vault-purge-protection": {
    severity: "high",
    description: "A deleted secret or vault cannot be purged before its retention period ends.",
    why: "One purge removes the only copy of every external secret outside the cluster.",
    remediation: "Set enablePurgeProtection: true. It cannot be turned off again.",
    references: ["https://learn.microsoft.com/azure/key-vault/general/soft-delete-overview"],
    kinds: vaults,
    judge: ({ object }) => mustBeTrue(object, "enablePurgeProtection", "purgeProtectionEnabled"),
  },
  "key-vault-soft-delete": {
    severity: "medium",
    description: "A deleted secret can be recovered for 90 days.",
    why: "Nobody may notice for a quarter that the secret of a rare job is missing. The period cannot be changed after the vault is created.",
    remediation: "Set softDeleteRetentionInDays: 90 and do not turn enableSoftDelete off.",
    references: ["https://learn.microsoft.com/azure/key-vault/general/soft-delete-overview"],
    kinds: vaults,
    judge({ object }) {
      const days = setting(object, "softDeleteRetentionInDays", "softDeleteRetentionDays") ?? retentionInDays;
      const isOff = setting(object, "enableSoftDelete", "softDeleteEnabled") === false;
      const isLongEnough = typeof days === "number" && days >= retentionInDays;
      const problem = `softDeleteRetentionInDays is under ${retentionInDays}; set ${retentionInDays}`;
      return [
        isOff && { path: ["properties", "enableSoftDelete"], problem: "enableSoftDelete is false; set true" },
        !isLongEnough && { path: ["properties", "softDeleteRetentionInDays"], problem },
      ];
    },
  },
  "key-vault-network": {
    severity: "low",
    description: "A Key Vault answers only networks that it lists.",
    why: "If the vault is open to the internet, one leaked operator token is enough to read every secret.",
    remediation:
      "Set azure.network in Pulumi.shared.yaml: the clusters' egress addresses or subnets, or publicAccess: false. Other programs set networkAcls.defaultAction: Deny, or publicNetworkAccess: Disabled.",
    references: ["https://learn.microsoft.com/azure/key-vault/general/network-security"],
    levels: advisory,
    kinds: vaults,
    judge({ object }) {
      const isNative = at(object, "properties") !== undefined;
      const access = isNative ? text(object, "properties", "publicNetworkAccess") : undefined;
      const path = [...(isNative ? ["properties"] : []), "networkAcls", "defaultAction"];
      if (access?.toLowerCase() === "disabled" || at(object, "publicNetworkAccessEnabled") === false) return [];
      const problem = "answers every network; deny by default or disable public access";
      return text(object, ...path) !== "Deny" && { path, problem };
    },
  },
  "key-vault-secret-name": {
    severity: "medium",
    description: "A secret's name has 1 to 127 characters of a-z, 0-9 and -.",
    why: "Azure refuses other names in the middle of an update. Names are not case-sensitive: a capital may collide with a soft-deleted name.",
    remediation: "Use lower case, and - in place of _ and .",
    references: ["https://learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates"],
    kinds: ["KeyVaultSecret"],
    judge(subject) {
      const path = ["secretName"];
      const name = secretName(subject);
      if (name === undefined) return { path, problem: "secretName is not set; set it" };
      const problem = `"${name}" (${name.length} characters) is not allowed; use 1 to 127 of a-z, 0-9 and -`;
      return !/^[0-9a-z-]{1,127}$/.test(name) && { path, problem };
    },
  },
  "key-vault-secret-collision": {
    severity: "high",
    description: "No two secrets of a stack have the same name in one vault.",
    why: "Key Vault ignores case, and `_` and `.` become `-`: the last one written silently wins.",
    remediation: "Rename one of the two variables, or set keyVault for one of them in the catalogue.",
    references: ["https://learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates"],
    kinds: ["KeyVaultSecret"],
    judgeAll(subjects) {
      const owners = new Map<string, Subject>();
      return judgeEach(subjects, (subject) => {
        const name = secretName(subject);
        if (name === undefined) return [];
        const vault = text(subject.object, "vaultName") ?? text(subject.object, "keyVaultId") ?? "";
        const key = `${vault}/${normalise(name)}`;
        const owner = owners.get(key);
        owners.set(key, subject);
        return owner && { subject, path: ["secretName"], problem: `has the same name "${key}" as ${owner.label}` };
      });
    },
  },
  "key-vault-secret-size": {
    severity: "medium",
    description: "A value has 1 byte to 25 KB, and a secret at most 15 tags.",
    why: "Azure refuses a larger value in the middle of an update. An empty value made every image pull fail.",
    remediation: "Split or shorten the value; leave a missing one out.",
    references: ["P25", "https://learn.microsoft.com/azure/key-vault/secrets/about-secrets"],
    kinds: ["KeyVaultSecret"],
    judge({ object }) {
      const path = at(object, "properties") === undefined ? ["value"] : ["properties", "value"];
      const value = writtenText(object, ...path);
      const bytes = value === undefined ? 1 : Buffer.byteLength(value);
      const tags = entries(object, "tags").length;
      return [
        bytes === 0 && { path, problem: "its value is empty; leave the secret out" },
        bytes > mostBytes && { path, problem: `has ${bytes} bytes; Key Vault allows ${mostBytes}` },
        tags > mostTags && { path: ["tags"], problem: `has ${tags} tags; Key Vault allows ${mostTags}` },
      ];
    },
  },
} satisfies RuleTable;

/** azure-native has a vault's settings under `properties`, the classic provider at the top level. */
function setting(object: unknown, native: string, classic = native): unknown {
  return at(object, "properties") === undefined ? at(object, classic) : at(object, "properties", native);
}

function mustBeTrue(object: unknown, native: string, classic = native): Violations {
  const isTrue = setting(object, native, classic) === true;
  return !isTrue && { path: ["properties", native], problem: `${native} is not true; set it` };
}

function secretName({ object }: Subject): string | undefined {
  return text(object, "secretName") ?? text(object, "name");
}
