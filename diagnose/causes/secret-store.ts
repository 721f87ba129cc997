import type { CauseText } from "../cause.ts";

export const secretStoreCauses = {
  "cluster-not-readable": {
    title: "The cluster could not be read from here",
    symptom: "everything in the cluster is unknown",
    cause: "the API server cannot be reached, or you lack the right that the evidence names",
    fix: "kubectl --context <context> auth can-i --list -n <namespace>",
    fixInLocal: "ameide-secrets local up",
  },
  "cluster-login-refused": {
    title: "The API server does not accept your login",
    aliases: ["You must be logged in to the server", "401 Unauthorized from the API server"],
    symptom: "everything in the cluster is unknown",
    cause: "the token or certificate of your kubeconfig is expired, or another cluster's; no right is missing",
    fix: "log in to the cluster again, then: kubectl --context <context> auth whoami",
    fixInLocal: "ameide-secrets local up",
    see: ["https://kubernetes.io/docs/reference/access-authn-authz/authentication/"],
  },
  "store-missing": {
    title: "A namespace that receives secrets has no store",
    aliases: ["SecretStore not found", "extraSecretStores"],
    symptom: "the ExternalSecret says that the store is not found; consumers keep what Helm put there",
    cause: "the namespace is not among additionalNamespaces, or the store was deleted",
    see: ["P15", "P16"],
  },
  "store-account-missing": {
    title: "The ServiceAccount of a store does not exist",
    symptom: "the store reports that the ServiceAccount is not found",
    cause: "the account was deleted, or someone created the store by hand",
  },
  "store-permission-denied": {
    title: "Vault refuses a store's login",
    aliases: ["SecretStore `permission denied` (403)", "Code: 403. Errors: * permission denied"],
    symptom: "the store shows InvalidProviderConfig with 403, and nothing that is visible of Vault explains it",
    cause: "Vault cannot complete the TokenReview, or its role refuses the account; Vault's log says which",
    fix: "VAULT_TOKEN=<a token with ameide-secrets-auditor> ameide-secrets doctor --stack <stack>",
    see: ["P6", "P7"],
  },
  "store-not-ready": {
    title: "A store is not Ready",
    aliases: ["SecretStore not Ready", "SecretStore `InvalidProviderConfig`"],
    symptom: "the store's condition Ready is False",
    cause: "as its Event says",
    fix: "kubectl --context <context> -n <namespace> describe secretstore <name>",
  },
  "store-stale": {
    severity: "warning",
    title: "A store still shows a failure that is over",
    symptom: "the store is not Ready, and everything that it needs works again",
    cause: "External Secrets looks at a store again every five minutes",
    fix: "ameide-secrets resync --stack <stack>",
    seed: ["kubectl annotate secretstore ameide-vault -n <namespace> force-refresh=$(date +%s) --overwrite"],
  },
  "eso-not-running": {
    title: "External Secrets does not work",
    aliases: ["ESO down"],
    symptom: "stores or ExternalSecrets have no condition, or no refresh for more than two intervals",
    cause: "the operator is not running, or does not watch this namespace",
    fix: "kubectl --context <context> -n external-secrets get deployments,pods",
    fixInLocal: "ameide-secrets local up",
  },
} as const satisfies Record<string, CauseText>;
