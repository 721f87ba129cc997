/** Something that broke on the platform that this program was written for. The key is its number there. */
export interface Incident {
  /** Heading in `docs/incidents.md`; its anchor is what rules, causes and messages link to. */
  readonly title: string;
  readonly damage: string;
  readonly cause: string;
  /** What stops or names it now, in addition to the rules and causes that refer to it. */
  readonly stops?: readonly string[];
  /** Why this program does not deal with it. */
  readonly outOfScope?: string;
  /** Tests that show it: file, and words of the test's title. */
  readonly shownBy: readonly (readonly [file: string, title: string])[];
}

const refused = "tests/incidents/refused-before-anything-is-called.test.ts";
const byBootstrap = "tests/incidents/vault-bootstrap.test.ts";
const chainVault = "tests/chain/doctor/vault.ts";
const chainStores = "tests/chain/doctor/stores.ts";
const chainBootstrap = "tests/chain/doctor/bootstrap-runs.ts";
const chainConsumers = "tests/chain/doctor/consumers.ts";
const chainAzure = "tests/chain/doctor/azure.ts";

/** P1 to P42, ranked by damage and by how often they came back. */
export const incidents = {
  P1: {
    title: "A registry token that was a fixture",
    damage: "every image of the cluster failed to pull with 403 (ImagePullBackOff)",
    cause: "vault-bootstrap could not read Key Vault and silently kept the fixture values of `ghcr-*`",
    stops: [
      "vault-bootstrap writes nothing before it has read the whole required set, and ends with an exit code for each reason",
    ],
    shownBy: [
      [refused, "P1 "],
      [byBootstrap, "P1 "],
    ],
  },
  P2: {
    title: "A Keycloak client secret declared as external",
    damage: "all logins failed with `invalid_client`",
    cause: "a fixture for a secret that Keycloak owns was delivered as if it were external",
    stops: ["the catalogue's schema: a name that Keycloak owns cannot be declared as external"],
    shownBy: [[refused, "P2 "]],
  },
  P3: {
    title: "A client id that outlived its identity",
    damage: "Key Vault could not be read",
    cause: "a literal client id went stale when the identity was created again",
    stops: ["the program takes the client id from the identity's output; no setting accepts one"],
    shownBy: [[byBootstrap, "P3 "]],
  },
  P4: {
    title: "Federated credentials missing after a split of namespaces",
    damage: "Key Vault could not be read in three environments",
    cause: "no federated credential named the new ServiceAccounts",
    stops: ["each environment registers its credential from the same data as its ServiceAccount"],
    shownBy: [[refused, "P4 "]],
  },
  P5: {
    title: "An empty prefix that became env- again",
    damage: "overrides were ignored and fixtures won",
    cause: "a shell default replaced the empty prefix by `env-`",
    stops: ["`secretPrefix` unset, empty and set are tested wherever it passes through"],
    shownBy: [[refused, "P5 "]],
  },
  P6: {
    title: "A Vault role that asked for an audience",
    damage: "every SecretStore answered 403, first on AKS, then on k3d",
    cause: "the role demanded an audience that the tokens did not have",
    shownBy: [[chainVault, "vault-role-audience"]],
  },
  P7: {
    title: "An expired reviewer token",
    damage: "SecretStores switched between Valid and 403",
    cause: "`token_reviewer_jwt` came from a projected token, which ends with its pod",
    stops: ["the program never pins a reviewer token: Vault reviews with its own account"],
    shownBy: [[chainVault, "vault-reviewer-pinned"]],
  },
  P8: {
    title: "Extraction and readiness that waited for each other",
    damage: "realm applications stayed Degraded in staging and prod; dev hid it",
    cause: "a PostSync hook waited for healthy ExternalSecrets, which waited for the hook's result",
    stops: ["ExternalSecrets of other producers are read and never waited for by this program"],
    shownBy: [["tests/diagnose/explain/keycloak.test.ts", "keycloak"]],
  },
  P9: {
    title: "Written successfully, and nothing in Vault",
    damage: "client secrets were reported as written and were absent; it happened three times",
    cause: "the writer's policy lacked the path, and the script ignored the error",
    stops: [
      "policies are derived from the same list as the paths; vault-bootstrap checks its rights before the first write",
    ],
    shownBy: [
      [refused, "P9 "],
      [byBootstrap, "P9 "],
    ],
  },
  P10: {
    title: "A confidential client taken for a public one",
    damage: "placeholders stayed after the extraction",
    cause: "the token lacked the right to read the client's secret, and an empty answer was taken for a public client",
    shownBy: [["tests/diagnose/explain/keycloak.test.ts", "keycloak"]],
  },
  P11: {
    title: "Bootstrap images that needed the pull secret they were to bring",
    damage: "fresh clusters never started",
    cause: "the images were in a private registry",
    shownBy: [["tests/policies/bootstrap.test.ts", "image"]],
  },
  P12: {
    title: "Two writers of one database password",
    damage: "Langfuse, Coder and others lost their databases",
    cause: "Vault and CNPG both wrote the password",
    shownBy: [[refused, "P12 "]],
  },
  P13: {
    title: "A sealed Vault, and one on a new volume",
    damage: "all secrets stopped in staging; a renamed release meant an empty volume",
    cause: "nothing unsealed Vault after a restart, and a new name is a new volume",
    stops: [
      "vault-bootstrap unseals where the environment says so, and never initialises a Vault whose credentials Secret exists",
      "what holds values is protected, and a plan that deletes or replaces it stops before the first change",
    ],
    shownBy: [
      [chainVault, "vault-sealed"],
      [chainVault, "vault-lost"],
    ],
  },
  P14: {
    title: "A rotated secret that arrived an hour later",
    damage: "single sign-on of Argo CD was down until then",
    cause: "a refresh interval of one hour, and pods that read environment variables only at start",
    shownBy: [[chainConsumers, "consumer-not-restarted"]],
  },
  P15: {
    title: "A namespace without a store",
    damage: "single sign-on was down: `argocd-secret` held a placeholder",
    cause: "the store and its ExternalSecret were missing in `argocd`",
    stops: ["stores and Vault roles are derived from the namespaces of the deliveries"],
    shownBy: [[refused, "P15 "]],
  },
  P16: {
    title: "Pull secrets only in the environments' namespaces",
    damage: "operators in `ameide-system` and `clickhouse-system` could not pull their images",
    cause: "nobody had declared the pull secret there",
    shownBy: [[refused, "P16 "]],
  },
  P17: {
    title: "A template inside a template",
    damage: "Redis had no master, Langfuse restarted in a loop",
    cause: "a password was rendered twice, and the text of the template became the password",
    shownBy: [["tests/policies/placeholder.test.ts", "unrendered"]],
  },
  P18: {
    title: "Cluster-scoped objects with one name for all environments",
    damage: "only the environment that was applied last worked",
    cause: "several environments shared the name of a ClusterRoleBinding or webhook",
    stops: ["names of cluster-scoped objects contain the environment's namespace"],
    shownBy: [["tests/domain/manifests/render.test.ts", "cluster"]],
  },
  P19: {
    title: "A store that named a Vault that did not exist",
    damage: "the SecretStore never became ready",
    cause: "a ClusterSecretStore pointed to a namespace `vault` that nobody had created",
    stops: ["address and ServiceAccount of Vault come from one setting"],
    shownBy: [[chainVault, "vault-unreachable"]],
  },
  P20: {
    title: "A bootstrap that waited for a Vault of another name",
    damage: "the bootstrap waited forever",
    cause: "a default name differed from the environment's",
    stops: ["vault-bootstrap waits for a bounded time and ends with an exit code of its own"],
    shownBy: [
      [refused, "P20 "],
      [byBootstrap, "P20 "],
    ],
  },
  P21: {
    title: "Overrides that nothing read",
    damage: "an environment silently ran without its overrides",
    cause: "values were in another folder than the one that was read, and a missing file was ignored",
    stops: ["an unknown key of a stack file is an error"],
    shownBy: [[refused, "P21 "]],
  },
  P22: {
    title: "A Key Vault that was recovered by hand",
    damage: "Terraform failed with a conflict at creation",
    cause: "the vault was soft-deleted, then recovered outside Terraform",
    stops: ["the setting `azure.recover`, and `adopt` for what exists: `up` names both before the first change"],
    shownBy: [["tests/cli/deploy/ownership/azure-objects.test.ts", "says nothing of a secret in soft delete"]],
  },
  P23: {
    title: "Writes to Key Vault refused",
    damage: "secrets could not be pushed (403)",
    cause: "the runner lacked the role for the data plane, or the assignment was not in effect yet",
    shownBy: [[chainAzure, "role-propagating"]],
  },
  P24: {
    title: "A local Vault that stayed sealed",
    damage: "a local cluster did not start",
    cause: "the Secret with the seed was missing",
    shownBy: [[byBootstrap, "P24 "]],
  },
  P25: {
    title: "Empty values in .env",
    damage: "image pulls failed",
    cause: "empty values were accepted and pushed",
    shownBy: [
      [refused, "P25 "],
      [byBootstrap, "P25 "],
    ],
  },
  P26: {
    title: "A key that nothing produced",
    damage: "applications never started on a fresh cluster",
    cause: "an ExternalSecret read a key that was in no list",
    stops: ["the catalogue check: every key that a delivery reads has a producer"],
    shownBy: [[refused, "P26 "]],
  },
  P27: {
    title: "Tools downloaded at run time",
    damage: "the bootstrap's pods failed or were flaky",
    cause: "an image without a shell, and packages that were installed at start",
    stops: ["vault-bootstrap is one file that is mounted from a ConfigMap and downloads nothing"],
    shownBy: [["tests/policies/bootstrap.test.ts", "download"]],
  },
  P28: {
    title: "A bootstrap password that changed after the realm was created",
    damage: "the realm's Job could not log in, in all environments",
    cause: "Keycloak reads that Secret once, when it creates the master realm",
    shownBy: [["tests/diagnose/explain/keycloak.test.ts", "keycloak"]],
  },
  P29: {
    title: "A literal that replaced a fetched token",
    damage: "GitLab's token disappeared from its Secret",
    cause: "a template with a literal key replaced the fetched keys",
    shownBy: [["tests/policies/external-secret.test.ts", "delivery"]],
  },
  P30: {
    title: "A session secret that was too short",
    damage: "logins lost their state, and the health check crashed",
    cause: "`AUTH_SECRET` was unset or shorter than 32 characters",
    stops: ["`minLength` of a secret in the catalogue: `env check` and vault-bootstrap refuse a shorter value"],
    shownBy: [[chainAzure, "value-too-short"]],
  },
  P31: {
    title: "Passwords with reserved characters in a URL",
    damage: "database clients failed",
    cause: "a password was put into a connection URL without encoding",
    outOfScope: "connection URLs are composed by charts and operators; this program delivers values unchanged",
    shownBy: [],
  },
  P32: {
    title: "A service that lost its state while Vault kept the key",
    damage: "GitLab answered 500 (`InvalidAccessKeyId`), templates of Coder were gone",
    cause: "the service was created again, and its users with it",
    outOfScope: "a reconciler of that service has to create its users again; Vault's copy was right",
    shownBy: [],
  },
  P33: {
    title: "One Secret from two applications",
    damage: "Argo CD warned of a shared resource, and nobody knew the owner",
    cause: "two applications rendered the same ExternalSecret",
    shownBy: [[refused, "P33 "]],
  },
  P34: {
    title: "A committed CHANGEME",
    damage: "NiFi was down, and open to everyone",
    cause: "a placeholder was committed and never replaced",
    shownBy: [[refused, "P34 "]],
  },
  P35: {
    title: "Runs that were killed every minute",
    damage: "the bootstrap never finished in staging and prod",
    cause: "`concurrencyPolicy: Replace`, a period of one minute, and runs that took longer",
    shownBy: [[byBootstrap, "P35 "]],
  },
  P36: {
    title: "An invalid token for a public repository",
    damage: "Argo CD could not fetch a public repository",
    cause: "an invalid token forces authentication where none was needed",
    outOfScope: "credentials of Argo CD's repositories are made when a cluster is created, before this program runs",
    shownBy: [],
  },
  P37: {
    title: "An image reference that was put together wrongly",
    damage: "pods could not start",
    cause: "the repository was overridden and the digest was inherited from another image",
    stops: ["the image of vault-bootstrap is one setting: repository and digest together"],
    shownBy: [[chainStores, "image-pull-denied"]],
  },
  P38: {
    title: "Jobs without tolerations",
    damage: "Jobs stayed Pending",
    cause: "all node pools were tainted",
    shownBy: [[chainBootstrap, "bootstrap-unschedulable"]],
  },
  P39: {
    title: "A Keycloak client that did not exist",
    damage: "a client secret was absent",
    cause: "the realm import only creates, and the client was added later",
    shownBy: [["tests/diagnose/explain/keycloak.test.ts", "keycloak"]],
  },
  P40: {
    title: "A readiness hook that always failed",
    damage: "every sync was reported as failed",
    cause: "the hook named old deployments and lacked rights",
    stops: ["`validate` and `doctor` derive what they look at from the plan, and name each right that is missing"],
    shownBy: [["tests/diagnose/validate.test.ts", "check"]],
  },
  P41: {
    title: "Repairs by hand, with annotations and deletions",
    damage: "clusters and Git disagreed",
    cause: "there was no declared way to run the bootstrap again",
    stops: ["the setting `bootstrap.runId`, and the commands `bootstrap run` and `resync`"],
    shownBy: [["tests/environments/run-id.test.ts", "run"]],
  },
  P42: {
    title: "One token in two places",
    damage: "continuous integration stopped after seven days; a refresh token was revoked",
    cause: "a token's lifetime was not tracked, and one account was in two slots",
    stops: ["the check for equal values in `.env`, and `rotateEvery` with `rotation --due`"],
    shownBy: [[refused, "P42 "]],
  },
} as const satisfies Record<string, Incident>;

export type IncidentId = keyof typeof incidents;

function isIncident(reference: string): reference is IncidentId {
  return Object.hasOwn(incidents, reference);
}

/** The anchor of an incident's heading, as GitHub makes it. */
export function incidentAnchor(id: IncidentId): string {
  return incidents[id].title
    .toLowerCase()
    .replaceAll(/[^a-z0-9 -]/g, "")
    .replaceAll(" ", "-");
}

/**
 * What a reader can open of a list of references: incidents as links to `docs/incidents.md`, issues and rule sets of others
 * as they are. Bare numbers of the platform's own documents, which are not in this repository, are left out.
 */
export function readableReferences(references: readonly string[]): readonly string[] {
  return references.flatMap((reference) => {
    if (isIncident(reference)) return [`docs/incidents.md#${incidentAnchor(reference)}`];
    return /^(design )?\d+(-[a-z0-9]+)?$/.test(reference) ? [] : [reference];
  });
}

/** The same in Markdown, for a page in `docs/`. */
export function linkedReferences(references: readonly string[]): readonly string[] {
  return references.flatMap((reference) =>
    isIncident(reference)
      ? [`[${incidents[reference].title}](incidents.md#${incidentAnchor(reference)})`]
      : readableReferences([reference]),
  );
}
