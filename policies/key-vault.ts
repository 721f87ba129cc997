import { advisory, judgeEach, type ResourceRule, type StackRule, type Violations } from "./rule.ts";
import { normalise } from "../domain/names.ts";
import { at, entries, text, writtenText } from "./subject/reading.ts";
import type { Subject } from "./subject/subject.ts";

const vaults = ["KeyVault"] as const;

/** azure-native keeps a vault's settings under `properties`, the classic provider beside its name. */
function setting(object: unknown, native: string, classic: string): unknown {
  return at(object, "properties") === undefined ? at(object, classic) : at(object, "properties", native);
}

export const keyVaultRbac: ResourceRule = {
  id: "key-vault-rbac",
  severity: "high",
  description: "Rights on a Key Vault come by role assignments only.",
  why: "With access policies the role of the bootstrap does nothing, and silently: 403 until someone compares the models.",
  remediation: "Set enableRbacAuthorization: true and leave accessPolicies out.",
  references: ["https://learn.microsoft.com/azure/key-vault/general/rbac-guide"],
  kinds: vaults,
  judge({ object }) {
    const on = setting(object, "enableRbacAuthorization", "enableRbacAuthorization");
    const policies = setting(object, "accessPolicies", "accessPolicies");
    return [
      ...(on === true
        ? []
        : [
            { path: ["properties", "enableRbacAuthorization"], problem: "enableRbacAuthorization is not true; set it" },
          ]),
      ...(Array.isArray(policies) && policies.length > 0
        ? [
            {
              path: ["properties", "accessPolicies"],
              problem: "has access policies, which do nothing beside RBAC; remove them",
            },
          ]
        : []),
    ];
  },
};

export const keyVaultPurgeProtection: ResourceRule = {
  id: "key-vault-purge-protection",
  severity: "high",
  description: "What is deleted from Key Vault cannot be purged before its time.",
  why: "One purge takes the only outside copy of every external secret.",
  remediation: "Set enablePurgeProtection: true; it cannot be taken back.",
  references: ["https://learn.microsoft.com/azure/key-vault/general/soft-delete-overview"],
  kinds: vaults,
  judge: ({ object }) =>
    setting(object, "enablePurgeProtection", "purgeProtectionEnabled") === true
      ? []
      : [{ path: ["properties", "enablePurgeProtection"], problem: "enablePurgeProtection is not true; set it" }],
};

const retentionInDays = 90;

export const keyVaultSoftDelete: ResourceRule = {
  id: "key-vault-soft-delete",
  severity: "medium",
  description: "What is deleted from Key Vault can be had back for 90 days.",
  why: "A quarter is how long nobody may notice that a secret for a rare job is gone. It is fixed when the vault is made.",
  remediation: "Set softDeleteRetentionInDays: 90 and do not turn enableSoftDelete off.",
  references: ["https://learn.microsoft.com/azure/key-vault/general/soft-delete-overview"],
  kinds: vaults,
  judge({ object }) {
    const days = setting(object, "softDeleteRetentionInDays", "softDeleteRetentionDays") ?? retentionInDays;
    const off = setting(object, "enableSoftDelete", "softDeleteEnabled") === false;
    return [
      ...(off ? [{ path: ["properties", "enableSoftDelete"], problem: "enableSoftDelete is false; leave it on" }] : []),
      ...(typeof days === "number" && days >= retentionInDays
        ? []
        : [
            {
              path: ["properties", "softDeleteRetentionInDays"],
              problem: `keeps what is deleted under ${retentionInDays} days; set ${retentionInDays}`,
            },
          ]),
    ];
  },
};

export const keyVaultNetwork: ResourceRule = {
  id: "key-vault-network",
  severity: "low",
  description: "A Key Vault answers only networks that it knows.",
  why: "Open to the internet, a leaked operator's token is enough to read every secret.",
  remediation:
    "Set azure.network in Pulumi.shared.yaml: the clusters' egress addresses or subnets, or publicAccess: false. Other programs set networkAcls.defaultAction: Deny, or publicNetworkAccess: Disabled.",
  references: ["https://learn.microsoft.com/azure/key-vault/general/network-security"],
  levels: advisory,
  kinds: vaults,
  judge({ object }) {
    const native = at(object, "properties") !== undefined;
    const access = native ? text(object, "properties", "publicNetworkAccess") : undefined;
    const rules = native ? ["properties", "networkAcls", "defaultAction"] : ["networkAcls", "defaultAction"];
    if (access?.toLowerCase() === "disabled" || at(object, "publicNetworkAccessEnabled") === false) return [];
    if (text(object, ...rules) === "Deny") return [];
    return [{ path: rules, problem: "answers every network; deny by default or disable public access" }];
  },
};

/** @throws Undecided */
function secretName({ object }: Subject): string | undefined {
  return text(object, "secretName") ?? text(object, "name");
}

export const keyVaultSecretName: ResourceRule = {
  id: "key-vault-secret-name",
  severity: "medium",
  description: "A secret's name is of 1 to 127 characters a-z, 0-9 and -.",
  why: "Azure refuses others in the middle of an update; capitals meet a soft-deleted name of another case.",
  remediation: "Name it in lower case, `_` and `.` as `-`.",
  references: ["https://learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates"],
  kinds: ["KeyVaultSecret"],
  judge(subject) {
    const name = secretName(subject);
    if (name === undefined) return [{ path: ["secretName"], problem: "has no secretName; set it" }];
    if (/^[0-9a-z-]{1,127}$/.test(name)) return [];
    return [{ path: ["secretName"], problem: `"${name}" (${name.length} characters) is no such name` }];
  },
};

export const keyVaultSecretCollision: StackRule = {
  id: "key-vault-secret-collision",
  severity: "high",
  description: "No two secrets of a stack meet in one name of one vault.",
  why: "Key Vault knows no case, and `_`, `.` and `-` become one: the last one written wins, silently.",
  remediation: "Rename one of the two variables, or give one a keyVault name in the catalogue.",
  references: ["https://learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates"],
  kinds: ["KeyVaultSecret"],
  judgeAll(subjects) {
    const owners = new Map<string, Subject>();
    return judgeEach(subjects, (subject): Violations => {
      const name = secretName(subject);
      if (name === undefined) return [];
      const vault = text(subject.object, "vaultName") ?? text(subject.object, "keyVaultId") ?? "";
      const key = `${vault}/${normalise(name)}`;
      const owner = owners.get(key);
      owners.set(key, subject);
      return owner === undefined
        ? []
        : [{ subject, path: ["secretName"], problem: `is "${key}", as ${owner.label} is` }];
    });
  },
};

/** Key Vault's own bounds. */
const mostBytes = 25 * 1024;
const mostTags = 15;

export const keyVaultSecretSize: ResourceRule = {
  id: "key-vault-secret-size",
  severity: "medium",
  description: "A value is of 1 byte to 25 KB, with at most 15 tags.",
  why: "Azure refuses a larger one in the middle of an update; an empty one made every pull fail.",
  remediation: "Split or shorten the value; leave an absent one out.",
  references: ["P25", "https://learn.microsoft.com/azure/key-vault/secrets/about-secrets"],
  kinds: ["KeyVaultSecret"],
  judge({ object }) {
    const path = at(object, "properties") === undefined ? ["value"] : ["properties", "value"];
    const value = writtenText(object, ...path);
    const tags = entries(object, "tags").length;
    const bytes = value === undefined ? undefined : Buffer.byteLength(value);
    return [
      ...(bytes === 0 ? [{ path, problem: "has an empty value; leave the secret out" }] : []),
      ...(bytes !== undefined && bytes > mostBytes
        ? [{ path, problem: `has ${bytes} bytes; Key Vault takes ${mostBytes}` }]
        : []),
      ...(tags > mostTags ? [{ path: ["tags"], problem: `has ${tags} tags; Key Vault takes ${mostTags}` }] : []),
    ];
  },
};
