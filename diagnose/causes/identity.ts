import type { CauseText } from "../cause.ts";

export const identityCauses = {
  "identity-missing": {
    title: "The bootstrap's identity does not exist",
    symptom: "vault-bootstrap cannot get a token for Azure",
    cause: "`up` of the shared stack has not run, or someone deleted the identity",
    fix: "ameide-secrets up --refresh --stack shared",
  },
  "client-id-stale": {
    title: "The bootstrap logs in with a client id that is not the identity's",
    aliases: ["hard-coded client id", "AADSTS700016"],
    symptom: "vault-bootstrap ends with `federation-mismatch`; Entra does not know the application",
    cause: "the identity was recreated and the pod template still has the old client id",
    mind: "the client id is an output of the identity; a literal in values is what made this happen",
    see: ["P3"],
  },
  "federated-credential-missing": {
    title: "The identity has no federated credential for this environment",
    aliases: [
      "AADSTS70021",
      "AADSTS700213",
      "No matching federated identity record found",
      "vault-bootstrap federated identity",
    ],
    symptom: "vault-bootstrap ends with `federation-mismatch`; Key Vault is not read",
    cause: "no federated credential has this ServiceAccount as its subject",
    seed: [
      "az identity federated-credential list --identity-name <identity> --resource-group <resource-group> -o table",
    ],
    see: ["P4"],
  },
  "federated-credential-mismatch": {
    title: "The federated credential does not fit the cluster's tokens",
    aliases: ["AADSTS700211", "AADSTS700212", "issuer mismatch", "a new cluster has a new OIDC issuer"],
    symptom: "vault-bootstrap ends with `federation-mismatch` although the credential exists",
    cause: "issuer, subject or audience differ by a letter; Entra compares them as texts",
    fix: "set cluster.oidcIssuer in Pulumi.<stack>.yaml to the cluster's issuer, then: ameide-secrets up --refresh --stack <stack>",
    seed: [
      "az identity federated-credential list --identity-name <identity> --resource-group <resource-group> -o table",
    ],
    see: ["P4"],
  },
  "federation-propagating": {
    severity: "warning",
    title: "The federated credential is correct and not known everywhere yet",
    aliases: ["AADSTS70021 although the federated credential exists"],
    symptom: "vault-bootstrap ends with `federation-mismatch` minutes after the credential was created",
    cause: "Entra takes minutes to spread a new federated credential",
    fix: "wait for the next scheduled run, or: ameide-secrets bootstrap run --stack <stack>",
    see: ["azure-workload-identity#576"],
  },
  "role-assignment-missing": {
    title: "The identity may not read Key Vault",
    aliases: ["ForbiddenByRbac", "Caller is not authorized to perform action on resource"],
    symptom: "vault-bootstrap ends with `source-forbidden`, Key Vault answers 403",
    cause: "the identity lacks `Key Vault Secrets User` at the vault",
    fix: "ameide-secrets up --refresh --stack shared",
    mind: "a new assignment takes up to ten minutes to be known",
    see: ["P23"],
  },
  "role-propagating": {
    severity: "warning",
    title: "The role assignment is correct and not known everywhere yet",
    symptom: "vault-bootstrap ends with `source-forbidden` although the role is assigned",
    cause: "Azure takes up to ten minutes to spread a new role assignment",
    fix: "wait for the next scheduled run, or: ameide-secrets bootstrap run --stack <stack>",
    see: ["P23"],
  },
} as const satisfies Record<string, CauseText>;
