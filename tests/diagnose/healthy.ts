import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import type { Failure, Fingerprint, Observed, Snapshot } from "../../diagnose/snapshot.ts";
import { vaultPolicies, vaultRoles } from "../../domain/resources/vault-policies.ts";
import { environmentStack } from "../support/stacks.ts";

/** The time of every test snapshot. */
export const takenAt = "2026-01-02T12:00:00.000Z";
/** Minutes before {@link takenAt}. */
export function minutesAgo(minutes: number): string {
  return new Date(Date.parse(takenAt) - minutes * 60_000).toISOString();
}

export const seen = <T>(value: T): Observed<T> => ({ ok: true, value });
export const unseen = (
  kind: Failure["kind"],
  message: string = kind,
): {
  readonly ok: false;
  readonly failure: { readonly kind: typeof kind; readonly message: string; readonly asked: string };
} => ({
  ok: false,
  failure: { kind, message, asked: "read it" },
});

/** A fingerprint of a real value; equal texts are equal values. */
export function print(of: string, looksLike: Fingerprint["looksLike"] = "value", lengthInCharacters = 40): Fingerprint {
  return { digest: of, looksLike, lengthInCharacters };
}

export const stack: EnvironmentStack = environmentStack("dev");

/** The `dev` environment with every stage healthy. A test changes the one thing that it is about. */
export function healthy(expected: EnvironmentStack = stack): Snapshot {
  const { plan, namespace, bootstrap, federated, vault } = expected;
  return {
    schema: 1,
    takenAt,
    tookInMilliseconds: 100,
    calls: { kubernetes: 0, vault: 0, azure: 0 },
    environment: expected.name,
    namespace,
    dotenv: unseen("not-asked"),
    keyVault: seen(
      plan.secrets.flatMap(({ keyVaultName }) =>
        keyVaultName === undefined ? [] : [{ name: keyVaultName, enabled: true, updatedAt: minutesAgo(600) }],
      ),
    ),
    identity: {
      clusterIssuer: seen(federated.issuer),
      identity: seen({ clientId: "client", principalId: "principal" }),
      federatedCredentials: seen([
        { name: federated.name, issuer: federated.issuer, subject: federated.subject, audiences: [federated.audience] },
      ]),
      roleAssignments: seen([{ role: "4633458b-17de-408a-b874-0445c86b69e6", scope: "/subscriptions/s" }]),
    },
    bootstrap: {
      cronJob: seen({
        schedule: "*/5 * * * *",
        suspended: false,
        concurrencyPolicy: "Forbid",
        createdAt: minutesAgo(6000),
        lastScheduledAt: minutesAgo(2),
        lastSucceededAt: minutesAgo(2),
        environment: { AZURE_CLIENT_ID: "client", AZURE_FEDERATED_TOKEN_FILE: "/var/run/secrets/azure/tokens/t" },
        mountsAzureToken: true,
        image: bootstrap.image,
      }),
      jobs: seen([{ name: `${bootstrap.name}-1`, createdAt: minutesAgo(2), result: "succeeded" }]),
      status: seen({
        runId: "1",
        startedAt: minutesAgo(2),
        finishedAt: minutesAgo(1.9),
        lastSuccessAt: minutesAgo(1.9),
        cause: "ok",
        secrets: plan.secrets.map(({ name, vaultPath }) => ({ name, path: vaultPath, outcome: "unchanged" as const })),
      }),
      log: unseen("not-asked"),
      credentialsSecret: seen({ exists: true, hasRootToken: expected.strictness.rootToken === "stored" }),
    },
    vault: {
      health: seen({ state: "active", version: "2.7.2" }),
      authConfig: seen({
        kubernetesHost: vault.kubernetesHost,
        disableLocalCaJwt: false,
        disableIssValidation: true,
        tokenReviewerJwtSet: false,
        hasCa: false,
      }),
      roles: seen(
        vaultRoles(expected).map((role) => ({
          name: role.name,
          serviceAccounts: [role.serviceAccount],
          namespaces: [role.namespace],
          audience: "",
        })),
      ),
      policies: seen(vaultPolicies(expected).map(({ name, policy }) => ({ name, text: policy }))),
      tokenReviewers: seen([`${vault.serviceAccount.namespace}/${vault.serviceAccount.name}`]),
      secrets: seen(
        plan.secrets.map(({ name, vaultPath }) => ({
          path: vaultPath,
          state: "live" as const,
          version: 1,
          writtenAt: minutesAgo(500),
          customMetadata: {},
          hasValueField: true,
          fingerprint: print(name),
        })),
      ),
    },
    stores: seen(
      plan.stores.map((store) => ({
        namespace: store.namespace,
        name: store.name,
        server: vault.address,
        role: store.role,
        serviceAccount: store.serviceAccount,
        audiences: [],
        ready: { status: "True", reason: "Valid", message: "store validated" },
      })),
    ),
    externalSecrets: seen(
      plan.deliveries.map((delivery) => ({
        namespace: delivery.namespace,
        name: delivery.name,
        target: delivery.target,
        storeName: delivery.storeName,
        remoteKeys: delivery.keys.map(({ vaultPath }) => vaultPath),
        refreshIntervalInSeconds: 300,
        refreshedAt: minutesAgo(3),
        createdAt: minutesAgo(400),
        ready: { status: "True", reason: "SecretSynced", message: "secret synced" },
      })),
    ),
    pushSecrets: seen([]),
    secrets: seen(
      plan.deliveries.map((delivery) => ({
        namespace: delivery.namespace,
        name: delivery.target,
        type: delivery.type,
        labels: { "app.kubernetes.io/managed-by": "external-secrets" },
        owner: `ExternalSecret/${delivery.name}`,
        changedAt: minutesAgo(400),
        keys: {
          ...(delivery.type === "Opaque" ? {} : { ".dockerconfigjson": print("docker") }),
          ...Object.fromEntries(delivery.keys.map(({ secretKey, secret }) => [secretKey, print(secret)])),
        },
      })),
    ),
    warned: seen([]),
    pullsElsewhere: seen([]),
    serviceAccounts: seen([
      ...plan.stores.map(({ namespace: of, serviceAccount }) => ({
        namespace: of,
        name: serviceAccount,
        imagePullSecrets: [],
      })),
      ...plan.deliveries.flatMap(({ namespace: of, target, imagePullServiceAccounts }) =>
        imagePullServiceAccounts.map((name) => ({ namespace: of, name, imagePullSecrets: [target] })),
      ),
    ]),
    pods: seen([]),
    workloads: seen([]),
    clientPatcher: unseen("not-found"),
  };
}

/** The values of a part that is known to be there. */
export function valuesOf<T>(part: Observed<readonly T[]>): readonly T[] {
  if (!part.ok) throw new Error("this part of the snapshot was not seen");
  return part.value;
}

/** The part with some of its entries changed. */
export function changed<T>(
  part: Observed<readonly T[]>,
  which: (one: T) => boolean,
  change: Partial<T>,
): Observed<readonly T[]> {
  return seen(valuesOf(part).map((one) => (which(one) ? { ...one, ...change } : one)));
}

/** The part without some of its entries. */
export function without<T>(part: Observed<readonly T[]>, which: (one: T) => boolean): Observed<readonly T[]> {
  return seen(valuesOf(part).filter((one) => !which(one)));
}
