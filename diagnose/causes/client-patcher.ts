import type { CauseText } from "../cause.ts";

/** Keycloak's client secrets and the Job that carries them into Vault: the seed's six rows, and what came after. */
export const clientPatcherCauses = {
  "keycloak-secret-placeholder": {
    title: "Keycloak's client secret in Vault is a placeholder",
    aliases: ["keycloak_generated_placeholder", "client-patcher hasn't run successfully", "invalid_client"],
    symptom: "logins fail with `invalid_client`",
    cause: "the client-patcher has not written the real secret over the placeholder",
    fix: "raise clientPatcher.runId in Git and let Argo sync <namespace>'s keycloak-realm",
    seed: [
      "kubectl delete job platform-keycloak-realm-client-patcher -n <namespace>",
      "argocd app sync <stack>-platform-keycloak-realm",
    ],
    see: ["P2", "P10"],
  },
  "keycloak-secret-absent": {
    severity: "warning",
    title: "Keycloak's client secret is not in Vault",
    symptom: "the ExternalSecret that asks for it says `Secret does not exist`",
    cause: "the client-patcher has not run here, or the client does not exist in Keycloak",
    fix: "raise clientPatcher.runId in Git and let Argo sync <namespace>'s keycloak-realm",
    see: ["P8", "P39"],
  },
  "patcher-exec-format": {
    title: "The client-patcher's tools are of another architecture",
    aliases: ["`exec format error`", "Wrong binary architecture"],
    symptom: "its log says `exec format error`",
    cause: "the binaries that its initContainer copies are not for this node's architecture",
    fix: "use static binaries (jq, curl) for the image's architecture in the chart keycloak_realm, then raise clientPatcher.runId",
  },
  "patcher-command-missing": {
    title: "The client-patcher's image lacks jq",
    aliases: ["`command not found: jq`", "Job image missing jq"],
    symptom: "its log says `command not found: jq`",
    cause: "the initContainer did not copy `/scripts/jq`",
    fix: "verify that the initContainer copies /scripts/jq in the chart keycloak_realm, then raise clientPatcher.runId",
  },
  "patcher-keycloak-unauthorized": {
    title: "Keycloak does not accept the client-patcher's credentials",
    aliases: ["`401 Unauthorized` from Keycloak", "Admin credentials wrong"],
    symptom: "its log shows 401 from Keycloak",
    cause: "the Secret `keycloak-master-bootstrap` changed after the master realm was created, which reads it once",
    fix: "kubectl --context <context> -n <namespace> get secret keycloak-master-bootstrap keycloak-admin-sa",
    see: ["P28"],
  },
  "patcher-keycloak-forbidden": {
    title: "The client-patcher's account may not manage the realm",
    aliases: ["`403 Forbidden` from Keycloak", "Admin lacks realm-management"],
    symptom: "its log shows 403 from Keycloak",
    cause: "the account lacks the role realm-admin, or may not read `/client-secret`",
    fix: "verify in Keycloak that the account has realm-admin, then raise clientPatcher.runId",
    see: ["P10"],
  },
  "patcher-client-missing": {
    title: "A client that the patcher asks for is not in the realm",
    aliases: ["`404 Not Found` for client", "Client doesn't exist in realm"],
    symptom: "its log shows 404 for a client",
    cause: "the realm's import creates clients only with the realm; the patcher creates later ones",
    fix: "check that the client is listed in clientReconciliation of the chart keycloak_realm, then raise clientPatcher.runId",
    see: ["P39"],
  },
  "patcher-vault-denied": {
    title: "Vault does not let the client-patcher write",
    aliases: ["`permission denied` writing Vault", "Policy not configured"],
    symptom: "its log says `permission denied`",
    cause: "the policy `keycloak-client-patcher` lacks the path, since the client is not declared in the catalogue",
    fix: "add the client to keycloakClients in environments/catalogue.yaml, then: ameide-secrets up --refresh --stack <stack>",
    see: ["P9"],
  },
  "patcher-failed": {
    title: "The client-patcher failed",
    symptom: "the Job is Failed, its log holds none of the known phrases",
    cause: "as its log says",
    fix: "kubectl --context <context> -n <namespace> logs -l job-name=platform-keycloak-realm-client-patcher",
    seed: ["kubectl get jobs -n <namespace> -l app.kubernetes.io/name=keycloak-realm"],
  },
} as const satisfies Record<string, CauseText>;
