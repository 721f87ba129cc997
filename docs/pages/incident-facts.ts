import type { IncidentId } from "../../domain/incidents.ts";

/** docs/pages/incidents.ts adds the rules and causes that refer to an incident. */
export interface IncidentFacts {
  readonly damage: string;
  readonly cause: string;
  /** What prevents or reports it, in addition to rules and causes. */
  readonly stops?: readonly string[];
  /** Why this program does not handle it. */
  readonly outOfScope?: string;
  /** The test's file and part of its title, or only the file if the title begins with the incident's number. */
  readonly shownBy: readonly (string | readonly [file: string, title: string])[];
}

const refused = "tests/incidents/refused-before-anything-is-called.test.ts";
const byBootstrap = "tests/incidents/vault-bootstrap.test.ts";
const chainVault = "tests/chain/doctor/vault.ts";
const chainStores = "tests/chain/doctor/stores.ts";
const chainBootstrap = "tests/chain/doctor/bootstrap-runs.ts";
const chainConsumers = "tests/chain/doctor/consumers.ts";
const chainAzure = "tests/chain/doctor/azure.ts";

/** Ordered by damage and by how often they happened. */
export const incidentFacts: Readonly<Record<IncidentId, IncidentFacts>> = {
  P1: {
    damage: "every image of the cluster failed to pull with 403 (ImagePullBackOff)",
    cause: "vault-bootstrap could not read Key Vault and silently kept the fixture values of `ghcr-*`",
    stops: [
      "vault-bootstrap writes nothing before it has read the whole required set, and ends with an exit code for each reason",
    ],
    shownBy: [refused, byBootstrap],
  },
  P2: {
    damage: "all logins failed with `invalid_client`",
    cause: "a fixture for a secret that Keycloak owns was delivered as if it were external",
    stops: ["the catalogue's schema: a name that Keycloak owns cannot be declared as external"],
    shownBy: [refused],
  },
  P3: {
    damage: "Key Vault could not be read",
    cause: "a literal client id went stale when the identity was created again",
    stops: ["the program takes the client id from the identity's output; no setting accepts one"],
    shownBy: [byBootstrap],
  },
  P4: {
    damage: "Key Vault could not be read in three environments",
    cause: "no federated credential named the new ServiceAccounts",
    stops: ["each environment registers its credential from the same data as its ServiceAccount"],
    shownBy: [refused],
  },
  P5: {
    damage: "overrides were ignored and fixtures won",
    cause: "a shell default replaced the empty prefix by `env-`",
    stops: ["`secretPrefix` unset, empty and set are tested wherever it passes through"],
    shownBy: [refused],
  },
  P6: {
    damage: "every SecretStore answered 403, first on AKS, then on k3d",
    cause: "the role demanded an audience that the tokens did not have",
    shownBy: [[chainVault, "vault-role-audience"]],
  },
  P7: {
    damage: "SecretStores switched between Valid and 403",
    cause: "`token_reviewer_jwt` came from a projected token, which ends with its pod",
    stops: ["the program never pins a reviewer token: Vault reviews with its own account"],
    shownBy: [[chainVault, "vault-reviewer-pinned"]],
  },
  P8: {
    damage: "realm applications stayed Degraded in staging and prod; dev hid it",
    cause: "a PostSync hook waited for healthy ExternalSecrets, which waited for the hook's result",
    stops: ["ExternalSecrets of other producers are read and never waited for by this program"],
    shownBy: [["tests/diagnose/explain/keycloak.test.ts", "keycloak"]],
  },
  P9: {
    damage: "client secrets were reported as written and were absent; it happened three times",
    cause: "the writer's policy lacked the path, and the script ignored the error",
    stops: [
      "policies are derived from the same list as the paths; vault-bootstrap checks its rights before the first write",
    ],
    shownBy: [refused, byBootstrap],
  },
  P10: {
    damage: "placeholders stayed after the extraction",
    cause: "the token lacked the right to read the client's secret, and an empty answer was taken for a public client",
    shownBy: [["tests/diagnose/explain/keycloak.test.ts", "keycloak"]],
  },
  P11: {
    damage: "fresh clusters never started",
    cause: "the images were in a private registry",
    shownBy: [["tests/policies/bootstrap.test.ts", "image"]],
  },
  P12: {
    damage: "Langfuse, Coder and others lost their databases",
    cause: "Vault and CNPG both wrote the password",
    shownBy: [refused],
  },
  P13: {
    damage: "all secrets stopped in staging; a renamed release meant an empty volume",
    cause: "nothing unsealed Vault after a restart, and a new name is a new volume",
    stops: [
      "vault-bootstrap unseals if the environment allows it, and never initialises a Vault that already has a credentials Secret",
      "what holds values is protected, and a plan that deletes or replaces it stops before the first change",
    ],
    shownBy: [[chainVault, "vault-sealed"], [chainVault, "vault-lost"]],
  },
  P14: {
    damage: "single sign-on of Argo CD was down until then",
    cause: "a refresh interval of one hour, and pods that read environment variables only at start",
    shownBy: [[chainConsumers, "consumer-not-restarted"]],
  },
  P15: {
    damage: "single sign-on was down: `argocd-secret` held a placeholder",
    cause: "the store and its ExternalSecret were missing in `argocd`",
    stops: ["stores and Vault roles are derived from the namespaces of the deliveries"],
    shownBy: [refused],
  },
  P16: {
    damage: "operators in `ameide-system` and `clickhouse-system` could not pull their images",
    cause: "nobody had declared the pull secret there",
    shownBy: [refused],
  },
  P17: {
    damage: "Redis had no master, Langfuse restarted in a loop",
    cause: "a password was rendered twice, and the text of the template became the password",
    shownBy: [["tests/policies/placeholder.test.ts", "unrendered"]],
  },
  P18: {
    damage: "only the environment that was applied last worked",
    cause: "several environments shared the name of a ClusterRoleBinding or webhook",
    stops: ["names of cluster-scoped objects contain the environment's namespace"],
    shownBy: [["tests/domain/manifests/render.test.ts", "cluster"]],
  },
  P19: {
    damage: "the SecretStore never became ready",
    cause: "a ClusterSecretStore pointed to a namespace `vault` that nobody had created",
    stops: ["address and ServiceAccount of Vault come from one setting"],
    shownBy: [[chainVault, "vault-unreachable"]],
  },
  P20: {
    damage: "the bootstrap waited forever",
    cause: "a default name differed from the environment's",
    stops: ["vault-bootstrap waits for a bounded time and ends with an exit code of its own"],
    shownBy: [refused, byBootstrap],
  },
  P21: {
    damage: "an environment silently ran without its overrides",
    cause: "values were in another folder than the one that was read, and a missing file was ignored",
    stops: ["an unknown key of a stack file is an error"],
    shownBy: [refused],
  },
  P22: {
    damage: "Terraform failed with a conflict at creation",
    cause: "the vault was soft-deleted, then recovered outside Terraform",
    stops: ["the setting `azure.recover`, and `adopt` for what exists: `up` names both before the first change"],
    shownBy: [["tests/cli/deploy/ownership/azure-objects.test.ts", "ignores a soft-deleted secret"]],
  },
  P23: {
    damage: "secrets could not be pushed (403)",
    cause: "the runner lacked the role for the data plane, or the assignment was not in effect yet",
    shownBy: [[chainAzure, "role-propagating"]],
  },
  P24: {
    damage: "a local cluster did not start",
    cause: "the Secret with the local values was missing",
    shownBy: [byBootstrap],
  },
  P25: {
    damage: "image pulls failed",
    cause: "empty values were accepted and pushed",
    shownBy: [refused, byBootstrap],
  },
  P26: {
    damage: "applications never started on a fresh cluster",
    cause: "an ExternalSecret read a key that was in no list",
    stops: ["the catalogue check: every key that a delivery reads has a producer"],
    shownBy: [refused],
  },
  P27: {
    damage: "the bootstrap's pods failed or were flaky",
    cause: "an image without a shell, and packages that were installed at start",
    stops: ["vault-bootstrap is one file that is mounted from a ConfigMap and downloads nothing"],
    shownBy: [["tests/policies/bootstrap.test.ts", "download"]],
  },
  P28: {
    damage: "the realm's Job could not log in, in all environments",
    cause: "Keycloak reads that Secret once, when it creates the master realm",
    shownBy: [["tests/diagnose/explain/keycloak.test.ts", "keycloak"]],
  },
  P29: {
    damage: "GitLab's token disappeared from its Secret",
    cause: "a template with a literal key replaced the fetched keys",
    shownBy: [["tests/policies/external-secret.test.ts", "delivery"]],
  },
  P30: {
    damage: "logins lost their state, and the health check crashed",
    cause: "`AUTH_SECRET` was unset or shorter than 32 characters",
    stops: ["`minLength` of a secret in the catalogue: `env check` and vault-bootstrap refuse a shorter value"],
    shownBy: [[chainAzure, "value-too-short"]],
  },
  P31: {
    damage: "database clients failed",
    cause: "a password was put into a connection URL without encoding",
    outOfScope: "connection URLs are composed by charts and operators; this program delivers values unchanged",
    shownBy: [],
  },
  P32: {
    damage: "GitLab answered 500 (`InvalidAccessKeyId`), templates of Coder were gone",
    cause: "the service was created again, and its users with it",
    outOfScope: "a reconciler of that service has to create its users again; Vault's copy was right",
    shownBy: [],
  },
  P33: {
    damage: "Argo CD warned about a shared resource, and nobody knew the owner",
    cause: "two applications rendered the same ExternalSecret",
    shownBy: [refused],
  },
  P34: {
    damage: "NiFi was down, and open to everyone",
    cause: "a placeholder was committed and never replaced",
    shownBy: [refused],
  },
  P35: {
    damage: "the bootstrap never finished in staging and prod",
    cause: "`concurrencyPolicy: Replace`, a period of one minute, and runs that took longer",
    shownBy: [byBootstrap],
  },
  P36: {
    damage: "Argo CD could not fetch a public repository",
    cause: "an invalid token forces authentication where none was needed",
    outOfScope: "credentials of Argo CD's repositories are made when a cluster is created, before this program runs",
    shownBy: [],
  },
  P37: {
    damage: "pods could not start",
    cause: "the repository was overridden and the digest was inherited from another image",
    stops: ["the image of vault-bootstrap is one setting: repository and digest together"],
    shownBy: [[chainStores, "image-pull-denied"]],
  },
  P38: {
    damage: "Jobs stayed Pending",
    cause: "all node pools were tainted",
    shownBy: [[chainBootstrap, "bootstrap-unschedulable"]],
  },
  P39: {
    damage: "a client secret was absent",
    cause: "the realm import only creates, and the client was added later",
    shownBy: [["tests/diagnose/explain/keycloak.test.ts", "keycloak"]],
  },
  P40: {
    damage: "every sync was reported as failed",
    cause: "the hook named old deployments and lacked rights",
    stops: ["`validate` and `doctor` derive what they look at from the plan, and name each right that is missing"],
    shownBy: [["tests/diagnose/validate.test.ts", "check"]],
  },
  P41: {
    damage: "clusters and Git disagreed",
    cause: "there was no declared way to run the bootstrap again",
    stops: ["the setting `bootstrap.runId`, and the commands `bootstrap run` and `resync`"],
    shownBy: [["tests/environments/run-id.test.ts", "run"]],
  },
  P42: {
    damage: "continuous integration stopped after seven days; a refresh token was revoked",
    cause: "a token's lifetime was not tracked, and one account was used for two secrets",
    stops: ["the check for equal values in `.env`, and `rotateEvery` with `rotation --due`"],
    shownBy: [refused],
  },
};

export function testsOf(id: IncidentId): readonly (readonly [file: string, title: string])[] {
  return incidentFacts[id].shownBy.map((one) => (typeof one === "string" ? [one, `${id}: `] : one));
}
