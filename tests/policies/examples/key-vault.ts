import { changed, type Example } from "./example.ts";
import { keyVault, keyVaultSecret } from "./samples.ts";

const other = changed(keyVaultSecret, [["secretName"], "ghcr-username"]);

export const keyVaultExamples: readonly Example[] = [
  {
    rule: "key-vault-rbac",
    allowed: keyVault,
    refused: changed(keyVault, [
      ["properties", "accessPolicies"],
      [{ objectId: "33333333-3333-4333-8333-333333333333" }],
    ]),
    says: "has access policies, which have no effect with RBAC; remove them",
    absent: changed(keyVault, [["properties", "enableRbacAuthorization"], undefined]),
    absentSays: "enableRbacAuthorization is not true; set it",
    unknown: ["properties", "enableRbacAuthorization"],
  },
  {
    rule: "key-vault-purge-protection",
    allowed: keyVault,
    refused: changed(keyVault, [["properties", "enablePurgeProtection"], false]),
    says: "enablePurgeProtection is not true; set it",
    absent: changed(keyVault, [["properties", "enablePurgeProtection"], undefined]),
    absentSays: "enablePurgeProtection is not true; set it",
    unknown: ["properties", "enablePurgeProtection"],
  },
  {
    rule: "key-vault-soft-delete",
    allowed: keyVault,
    refused: changed(keyVault, [["properties", "softDeleteRetentionInDays"], 7]),
    says: "softDeleteRetentionInDays is under 90; set 90",
    absent: changed(keyVault, [["properties", "softDeleteRetentionInDays"], undefined]),
    absentIsFine: "Azure's own default is 90 days",
    unknown: ["properties", "softDeleteRetentionInDays"],
  },
  {
    rule: "key-vault-network",
    allowed: keyVault,
    refused: changed(keyVault, [["properties", "networkAcls", "defaultAction"], "Allow"]),
    says: "answers every network; deny by default or disable public access",
    absent: changed(keyVault, [["properties", "networkAcls"], undefined]),
    absentSays: "answers every network; deny by default or disable public access",
    unknown: ["properties", "networkAcls"],
  },
  {
    rule: "key-vault-secret-name",
    allowed: keyVaultSecret,
    refused: changed(keyVaultSecret, [["secretName"], "GHCR_TOKEN"]),
    says: '"GHCR_TOKEN" (10 characters) is not allowed; use 1 to 127 of a-z, 0-9 and -',
    absent: changed(keyVaultSecret, [["secretName"], undefined]),
    absentSays: "secretName is not set; set it",
    unknown: ["secretName"],
  },
  {
    rule: "key-vault-secret-collision",
    beside: [other],
    allowed: keyVaultSecret,
    refused: changed(keyVaultSecret, [["secretName"], "GHCR-USERNAME"]),
    says: 'has the same name "ameidekv/ghcr-username" as KeyVaultSecret ghcr-username',
    absent: changed(keyVaultSecret, [["secretName"], undefined]),
    absentIsFine: "a secret without a name is refused by key-vault-secret-name",
    unknown: ["secretName"],
  },
  {
    rule: "key-vault-secret-size",
    allowed: keyVaultSecret,
    refused: changed(keyVaultSecret, [["properties", "value"], ""]),
    says: "its value is empty; leave the secret out",
    absent: changed(keyVaultSecret, [["properties", "value"], undefined]),
    absentIsFine: "in data-plane mode the value comes by another way",
    unknown: ["properties", "value"],
  },
];
