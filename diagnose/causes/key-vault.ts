import type { CauseText } from "../cause.ts";

export const keyVaultCauses = {
  "key-vault-unreachable": {
    title: "Key Vault cannot be read by the bootstrap",
    symptom: "vault-bootstrap ends with `source-unreachable`; new values never arrive",
    cause: "the vault's firewall, a private endpoint without DNS, or an outage keeps the cluster from Azure Key Vault",
    fix: "kubectl --context <context> -n <namespace> logs -l batch.kubernetes.io/job-name=<name>",
    mind: "nothing is overwritten meanwhile: no fixture takes the place of a value that could not be read",
  },
  "key-vault-throttled": {
    title: "Key Vault has too many requests",
    aliases: ["429 from Key Vault", "Too many requests", "VaultRequestTypeLimitReached"],
    symptom: "vault-bootstrap ends with `source-throttled`",
    cause: "others read this vault so often that Azure's limit for it is used up, and it stayed so for all retries",
    fix: "find who reads it in the vault's metrics (ServiceApiHit), then: ameide-secrets bootstrap run --stack <stack>",
    mind: "one run asks once for the list and once for each secret that changed",
    see: ["https://learn.microsoft.com/azure/key-vault/general/overview-throttling"],
  },
  "key-vault-secret-missing": {
    title: "A secret is not in Key Vault",
    aliases: ["az keyvault secret list lacks the name"],
    symptom: "vault-bootstrap ends with `required-missing` and writes nothing, or the ExternalSecret finds no path",
    cause: "the name was never pushed from `.env`, or it was deleted",
    fix: "ameide-secrets env push --stack shared",
    seed: ["az keyvault secret list --vault-name <key-vault> -o table"],
  },
  "key-vault-prefix-differs": {
    title: "The secret is in Key Vault under another prefix",
    aliases: ["secretPrefix", "env- prefix restored", "overrides ignored, fixtures win"],
    symptom: "Key Vault holds `env-ghcr-token` while the pipeline asks for `ghcr-token`, or the other way round",
    cause:
      'the names were written with another secretPrefix than the shared stack\'s; unset means `env-`, "" means none',
    fix: "set secretPrefix in Pulumi.shared.yaml to the one in use, then: ameide-secrets env push --stack shared",
    see: ["P5"],
  },
  "key-vault-secret-disabled": {
    title: "A secret in Key Vault is disabled",
    symptom: "the name is listed, reading it is refused",
    cause: "someone disabled its current version",
    fix: "az keyvault secret set-attributes --vault-name <key-vault> --name <name> --enabled true",
  },
  "key-vault-secret-expired": {
    title: "A secret in Key Vault has expired",
    symptom: "the name is listed with an expiry that has passed",
    cause: "its current version has expired and has no successor; staging and prod refuse to carry it",
    fix: "put the renewed value into .env, then: ameide-secrets env push --stack shared && ameide-secrets bootstrap run --stack <stack> && ameide-secrets resync --stack <stack>",
    see: ["P42"],
  },
  "key-vault-secret-expires-soon": {
    severity: "warning",
    title: "A secret in Key Vault expires within two weeks",
    symptom: "the alert SecretsExpireWithin14Days, or an expiry that is close in `rotation`",
    cause: "the value was written almost `rotateEvery` ago, or somebody gave it this expiry",
    fix: "put the renewed value into .env, then: ameide-secrets env push --stack shared && ameide-secrets bootstrap run --stack <stack>",
    mind: "the value works until its issuer ends it; Key Vault gives out expired values too",
  },
  "key-vault-value-refused": {
    title: "Key Vault holds a placeholder or a fixture",
    aliases: ["fixture in Key Vault"],
    symptom: "vault-bootstrap ends with `value-refused`, or a consumer gets a development value",
    cause: "a development value was pushed as if it were real",
    fix: "put the real value into .env, then: ameide-secrets env push --stack shared --overwrite <name> && ameide-secrets bootstrap run --stack <stack>",
    see: ["P1", "P2"],
  },
  "azure-not-readable": {
    severity: "warning",
    title: "Azure could not be read from here",
    symptom: "the stages key-vault and identity are unknown",
    cause: "you are not logged in, lack the right in the evidence, or Azure is unreachable or throttles (429)",
    fix: "ask for Reader on <resource-group> and Key Vault Secrets User on <key-vault>, then: az login --tenant <tenant>",
    fixInLocal: "ameide-secrets local up",
  },
} as const satisfies Record<string, CauseText>;
