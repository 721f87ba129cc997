import type { CauseText } from "../cause.ts";
import { credentialsSecret } from "../../domain/names.ts";

const rootToken = `ROOT_TOKEN=$(kubectl get secret -n <namespace> ${credentialsSecret} -o jsonpath='{.data.root-token}' | base64 -d)`;
const readAuthConfig =
  "kubectl exec -n <namespace> <vault>-0 -- sh -c \"VAULT_TOKEN=$ROOT_TOKEN vault read -format=json auth/<auth-mount>/config | jq '{token_reviewer_jwt_set, disable_local_ca_jwt, disable_iss_validation, kubernetes_host}'\"";
const writeAuthConfig =
  "kubectl exec -n <namespace> <vault>-0 -- sh -c \"VAULT_TOKEN=$ROOT_TOKEN vault write auth/<auth-mount>/config kubernetes_host='https://kubernetes.default.svc' disable_iss_validation=true disable_local_ca_jwt=false\"";
const forceStore = "kubectl annotate secretstore ameide-vault -n <namespace> force-refresh=$(date +%s) --overwrite";
const authSeed = [rootToken, readAuthConfig, writeAuthConfig, forceStore];
const permissionDenied = [
  "SecretStore `permission denied` (403)",
  "Code: 403. Errors: * permission denied",
  "Kubernetes Auth Permission Denied (403 Error)",
];
const reconfigure = "ameide-secrets reconfigure-auth --stack <stack>";

export const vaultCauses = {
  "vault-unreachable": {
    title: "Vault cannot be reached",
    symptom: "connections to Vault are refused or time out; stores show InvalidProviderConfig",
    cause: "the Vault server is down, or its Service has no ready endpoint",
    fix: "kubectl --context <context> -n <namespace> get pods -l app.kubernetes.io/instance=<vault>",
    fixInLocal: "ameide-secrets local up",
    see: ["P20"],
  },
  "vault-throttled": {
    title: "Vault has too many requests",
    aliases: ["429 from Vault", "request path rate limit quota exceeded"],
    symptom: "vault-bootstrap ends with `vault-throttled`, or a store or `doctor` reports Code 429",
    cause: "a rate limit quota of Vault is used up; network and login work",
    fix: "raise the quota (sys/quotas/rate-limit), then: ameide-secrets bootstrap run --stack <stack>",
    mind: "the next run of vault-bootstrap goes on from here",
    see: ["https://developer.hashicorp.com/vault/docs/concepts/resource-quotas"],
  },
  "vault-uninitialised": {
    title: "Vault was never initialised",
    aliases: ["SecretStore not Ready", "Vault not initialized", "Code: 501"],
    symptom: "Vault's health answers 501; stores are not Ready",
    cause: "vault-bootstrap has not completed its first run",
    fix: "ameide-secrets up --stack <stack>",
    mind: `where ${credentialsSecret} exists this is \`vault-lost\`: initialising would bury the old data`,
  },
  "vault-sealed": {
    title: "Vault is sealed",
    aliases: [
      "SecretStore `InvalidProviderConfig`",
      "Vault Sealed (503 Error)",
      "Code: 503. Errors: * Vault is sealed",
    ],
    symptom: "stores show InvalidProviderConfig; logins answer 503 `Vault is sealed`",
    cause: "the server restarted and nothing has unsealed it since",
    fix: "ameide-secrets unseal --stack <stack>",
    seed: [
      `UNSEAL_KEY=$(kubectl get secret -n <namespace> ${credentialsSecret} -o jsonpath='{.data.unseal-key}' | base64 -d)`,
      'kubectl exec -n <namespace> <vault>-0 -- vault operator unseal "$UNSEAL_KEY"',
      "kubectl exec -n <namespace> <vault>-0 -- vault status",
    ],
    see: ["P13"],
  },
  "vault-no-active-pod": {
    title: "No pod of Vault is active",
    aliases: ["local node not active but active cluster node not found"],
    symptom: "every pod that is unsealed is a standby; calls answer 500 or 503",
    cause: "fewer pods than a majority are unsealed and reach each other, so they cannot elect an active one",
    fix: "ameide-secrets unseal --stack <stack>",
    mind: "if no pod is sealed, the pods cannot reach each other: kubectl --context <context> -n <namespace> logs <vault>-0",
  },
  "vault-pod-sealed": {
    severity: "warning",
    title: "A pod of Vault is sealed while another one serves",
    symptom: "everything works, until the active pod restarts",
    cause: "the pod restarted, and nothing has unsealed it since: each pod has a seal of its own",
    fix: "ameide-secrets unseal --stack <stack>",
  },
  "vault-pod-not-serving": {
    severity: "warning",
    title: "A pod of Vault does not answer, or has not joined the others",
    symptom: "everything works, until the active pod restarts",
    cause: "the pod does not run, cannot be reached from here, or is not initialised",
    fix: "kubectl --context <context> -n <namespace> get pods -l app.kubernetes.io/instance=<vault>",
  },
  "vault-lost": {
    title: "Vault is empty although it was initialised before",
    aliases: ["renamed fullnameOverride", "new PVC, data lost"],
    symptom: `Vault's health answers 501 while ${credentialsSecret} exists`,
    cause: "its volume was lost or its name changed, so that it got a new, empty volume",
    fix: "bring the old volume back: kubectl --context <context> -n <namespace> get pvc",
    mind: "nothing here initialises such a Vault or touches its credentials: either would remove the last way back",
    see: ["P13"],
  },
  "vault-orphaned": {
    title: "Vault is initialised and its credentials are gone",
    symptom: `Vault is sealed, ${credentialsSecret} does not exist`,
    cause: "the Secret was deleted, someone else initialised Vault, or its initialisation was interrupted",
    fix: `put the unseal key back as the Secret ${credentialsSecret} in <namespace>, from your backup`,
    mind: "do not delete Vault's volume or its pod: it may contain every value. Only if the first initialisation was interrupted and no run ever succeeded is Vault empty and can be recreated",
  },
  "vault-root-token-stored": {
    severity: "warning",
    title: "A root token of Vault is stored where there must be none",
    symptom: `${credentialsSecret} has a field root-token although the environment has rootToken: "revoked"`,
    cause: "Vault was initialised before root tokens were revoked, or somebody put the Secret back from a backup",
    fix: 'ameide-secrets revoke-root --stack <stack> --confirm <stack> --reason "no stored root token"',
    mind: "a root token never expires and may do everything; the unseal key stays, and generates a new one when it is needed",
  },
  "vault-address-wrong": {
    title: "The bootstrap or a store looks for Vault where it is not",
    aliases: ["foundation-vault-core", "bootstrap waits forever"],
    symptom: "Vault is up, the bootstrap ends with `vault-unreachable`, or a store's server is not the environment's",
    cause: "the address differs from vault.address of the stack: an old Service name or another namespace's Vault",
    see: ["P19", "P20"],
  },
  "vault-reviewer-pinned": {
    title: "Vault reviews tokens with a pinned reviewer token",
    aliases: [...permissionDenied, "invalid/expired reviewer JWT", "token_reviewer_jwt"],
    symptom: "stores flap with 403 `permission denied`, all at once, hours after everything worked",
    cause: "token_reviewer_jwt holds a pod's projected token: it expires, and dies with its pod",
    fix: reconfigure,
    seed: authSeed,
    see: ["P7"],
  },
  "vault-auth-config-wrong": {
    title: "Vault's Kubernetes auth is configured wrongly",
    aliases: permissionDenied,
    symptom: "logins answer 403 or 500; the evidence lists the values found and wanted",
    cause: "kubernetes_host, disable_local_ca_jwt or disable_iss_validation differ from what this place needs",
    fix: reconfigure,
    seed: authSeed,
  },
  "vault-auth-missing": {
    title: "Vault has no Kubernetes auth",
    symptom: "logins answer 403 or 404; auth/<auth-mount>/config does not exist",
    cause: "the auth method was never enabled here",
  },
  "token-review-forbidden": {
    title: "The account that reviews tokens lacks the right to",
    aliases: [...permissionDenied, "missing TokenReview RBAC"],
    symptom: "every login gets 403 `permission denied` although the auth configuration is correct",
    cause: "no ClusterRoleBinding to system:auth-delegator names the account that reviews",
    seed: ["kubectl get clusterrolebinding -o wide | grep auth-delegator"],
  },
  "vault-role-missing": {
    title: "The Vault role of a namespace does not exist",
    aliases: ["namespace not in externalSecrets.namespaces", "invalid role name"],
    symptom: "the store of one namespace is refused while others work",
    cause: "the namespace receives secrets, but no role lets its account log in",
    see: ["P15", "P16"],
  },
  "vault-role-audience": {
    title: "A Vault role asks for an audience that its store does not ask for",
    aliases: ["invalid audience (aud) claim"],
    symptom: "every store of the role answers 403",
    cause: "the role's `audience` is set and the store's token is made for another one",
    see: ["P6"],
  },
  "vault-role-binding": {
    title: "A Vault role is bound to another account",
    aliases: ["service account name not authorized", "namespace not authorized"],
    symptom: "the store answers 403 `service account name not authorized`",
    cause: "the role's bound accounts or namespaces do not include the store's",
  },
  "vault-policy-narrow": {
    title: "A policy does not reach a path that its role needs",
    aliases: ["Written successfully, nothing in Vault", "policy lacked backstage-*"],
    symptom: "the login works, reading or writing one path gets 403",
    cause: "the policy is missing, or was created before the path was declared",
    see: ["P9"],
  },
  "vault-path-missing": {
    title: "Vault holds nothing at the secret's path",
    aliases: ["Secret does not exist", "every referenced key needs a producer"],
    symptom: "the ExternalSecret says `Secret does not exist`; its target is not created",
    cause: "nothing has written the path yet, or its latest version was deleted",
    fix: "ameide-secrets bootstrap run --stack <stack> && ameide-secrets resync --stack <stack>",
    see: ["P26"],
  },
  "vault-holds-placeholder": {
    title: "Vault holds a placeholder or a fixture",
    aliases: ["ghcr-pull secret has placeholder", "fixtures win"],
    symptom: "the whole pipeline is Ready and the consumer is refused",
    cause: "the real value never arrived over the fixture that was written first",
    fix: "ameide-secrets bootstrap run --stack <stack> && ameide-secrets resync --stack <stack>",
    seed: [
      rootToken,
      'kubectl exec -n <namespace> <vault>-0 -- sh -c "VAULT_TOKEN=$ROOT_TOKEN vault kv get secret/<name>"',
    ],
    see: ["P1"],
  },
  "vault-value-field-missing": {
    title: "The secret in Vault has no field `value`",
    aliases: ["cannot find secret data for key"],
    symptom: 'the ExternalSecret says `cannot find secret data for key: "value"`',
    cause: "another writer put the secret there with a field of another name",
    fix: "stop the other writer (Vault's audit log names it, ameide-secrets lineage <name> --stack <stack> shows when it wrote), then: ameide-secrets bootstrap run --stack <stack> && ameide-secrets resync --stack <stack>",
    mind: "vault-bootstrap never generates a value twice: vault kv rollback restores the previous version",
  },
  "value-too-short": {
    title: "A value is shorter than its consumer needs",
    aliases: ["AUTH_SECRET too short"],
    symptom: "the consumer crashes or cannot decrypt its own state; `doctor --prove` sees it in Vault before that",
    cause: "the catalogue's minLengthInCharacters is not met",
    fix: "ameide-secrets rotate <name> --stack <stack>",
    see: ["P30"],
  },
  "vault-port-forward-forbidden": {
    severity: "warning",
    title: "The port-forward to Vault is not allowed",
    aliases: ["pods/portforward is forbidden"],
    symptom: "the content of Vault is unknown; the API server refuses the port-forward that the command opens",
    cause: "the login of the kubeconfig's context lacks the right that the evidence names",
    fix: "kubectl --context <context> -n <namespace> create role vault-port-forward --verb=get,create --resource=pods/portforward && kubectl --context <context> -n <namespace> create rolebinding vault-port-forward-you --role=vault-port-forward --user=<you>",
    mind: "or set vault.operatorAddress of the stack file to an address that reaches Vault without one; <you> is what `kubectl auth whoami` says",
  },
  "vault-not-readable": {
    severity: "warning",
    title: "Vault could not be read from here",
    symptom: "the content of Vault is unknown",
    cause: "there is no token, or it lacks the right that the evidence names",
    fix: "set VAULT_TOKEN to a token with the policy ameide-secrets-auditor",
    fixInLocal: "ameide-secrets local up",
  },
} as const satisfies Record<string, CauseText>;
