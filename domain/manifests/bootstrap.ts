import { digestOf } from "../names.ts";
import type { EnvironmentStack } from "../plan/environment.ts";
import { ourLabels } from "./labels.ts";

const mountPath = "/opt/vault-bootstrap";
const tokenMountPath = "/var/run/secrets/azure/tokens";
const vaultCaPath = "/etc/vault-ca";
/** File name and volume name that Azure's own webhook uses: where it runs too, it finds both there and adds nothing. */
const tokenFile = "azure-identity-token";

/** Bundle and configuration. Its name holds a hash of its data: a running pod never sees them change under it. */
export function bootstrapConfigMap({ bootstrap, namespace, azure, vault }: EnvironmentStack) {
  const data = {
    "vault-bootstrap.cjs": bootstrap.bundle,
    "config.json": `${JSON.stringify(bootstrap.config, undefined, 2)}\n`,
    ...(azure.extraCaPem !== undefined && { "extra-ca.pem": azure.extraCaPem }),
    ...(vault.podCa && "pem" in vault.podCa && { "vault-ca.pem": vault.podCa.pem }),
  };
  return {
    apiVersion: "v1" as const,
    kind: "ConfigMap" as const,
    metadata: { name: `${bootstrap.name}-${digestOf(Object.entries(data).flat())}`, namespace, labels: ourLabels },
    immutable: true,
    data,
  };
}

/** Every N minutes; Forbid, since Replace at a short period kills each run before it ends. */
export function bootstrapCronJob<T>(stack: EnvironmentStack, clientId: T) {
  const { bootstrap, namespace, strictness } = stack;
  const periodInSeconds = strictness.bootstrapIntervalInMinutes * 60;
  return {
    apiVersion: "batch/v1" as const,
    kind: "CronJob" as const,
    metadata: { name: bootstrap.name, namespace, labels: ourLabels },
    spec: {
      schedule: `*/${strictness.bootstrapIntervalInMinutes} * * * *`,
      concurrencyPolicy: "Forbid",
      suspend: false, // said, so that an update puts back what someone suspended
      // bounds how many missed runs the controller counts; without it, 100 missed ones stop the CronJob for good
      startingDeadlineSeconds: periodInSeconds,
      successfulJobsHistoryLimit: 1,
      failedJobsHistoryLimit: 3,
      jobTemplate: {
        metadata: { labels: ourLabels },
        spec: {
          backoffLimit: 0,
          // the program ends itself at its own deadline and says why; this is for the run that cannot
          activeDeadlineSeconds: Math.min(bootstrap.config.deadlineInSeconds + 5, periodInSeconds - 5),
          template: podTemplate(stack, clientId, []),
        },
      },
    },
  };
}

/** Longer than the 15 minutes that Azure's propagation is waited for. */
export const syncDeadlineInSeconds = 1200;

/**
 * One run that the update waits for. No TTL: a deleted Job looks like one that never ran.
 * @param name - contains the digest of what the run depends on; see `chainDigest`.
 */
export function bootstrapSyncJob<T>(stack: EnvironmentStack, clientId: T, name: T) {
  return {
    apiVersion: "batch/v1" as const,
    kind: "Job" as const,
    metadata: { name, namespace: stack.namespace, labels: ourLabels },
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: syncDeadlineInSeconds,
      template: podTemplate(stack, clientId, ["--wait-for-propagation"]),
    },
  };
}

/** The same pod for CronJob and Job. What Azure's webhook would add is written out: without the webhook nothing is missing. */
function podTemplate<T>(stack: EnvironmentStack, clientId: T, args: string[]) {
  const { bootstrap } = stack;
  const usesAzure = bootstrap.config.source.type === "azure-key-vault";
  const serviceAccountToken = { audience: stack.federated.audience, expirationSeconds: 3600, path: tokenFile };
  return {
    metadata: { labels: { ...ourLabels, "azure.workload.identity/use": "true" } },
    spec: {
      serviceAccountName: bootstrap.name,
      automountServiceAccountToken: true,
      restartPolicy: "Never",
      enableServiceLinks: false,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 65532,
        runAsGroup: 65532,
        fsGroup: 65532,
        seccompProfile: { type: "RuntimeDefault" },
      },
      ...tolerations(stack),
      containers: [
        {
          name: "vault-bootstrap",
          image: bootstrap.image,
          command: ["/nodejs/bin/node", `${mountPath}/vault-bootstrap.cjs`],
          args,
          env: environment(stack, clientId),
          // the last log lines become the reason of a failed Job, in Kubernetes and in the update
          terminationMessagePolicy: "FallbackToLogsOnError",
          resources: { requests: { cpu: "50m", memory: "96Mi" }, limits: { cpu: "500m", memory: "256Mi" } },
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
          },
          volumeMounts: [
            { name: "vault-bootstrap", mountPath, readOnly: true },
            ...(usesAzure ? [{ name: tokenFile, mountPath: tokenMountPath, readOnly: true }] : []),
            ...vaultCaVolume(stack).map(({ name }) => ({ name, mountPath: vaultCaPath, readOnly: true })),
          ],
        },
      ],
      volumes: [
        { name: "vault-bootstrap", configMap: { name: bootstrapConfigMap(stack).metadata.name } },
        ...(usesAzure ? [{ name: tokenFile, projected: { sources: [{ serviceAccountToken }] } }] : []),
        ...vaultCaVolume(stack),
      ],
    },
  };
}

/** For thousands of short answers: a small young generation, an old one within the pod's limit, one glibc arena. */
export const bootstrapMemory = {
  NODE_OPTIONS: "--max-semi-space-size=2 --max-old-space-size=160",
  MALLOC_ARENA_MAX: "1",
} as const;

function environment<T>({ azure, bootstrap, vault: { podCa } }: EnvironmentStack, clientId: T) {
  const named = (variables: Readonly<Record<string, string | T>>) =>
    Object.entries(variables).map(([name, value]) => ({ name, value }));
  const usesAzure = bootstrap.config.source.type === "azure-key-vault";
  return [
    ...named({
      VAULT_BOOTSTRAP_CONFIG: `${mountPath}/config.json`,
      SERVICE_ACCOUNT_DIR: "/var/run/secrets/kubernetes.io/serviceaccount",
    }),
    // log and status name the pod that ran
    { name: "VAULT_BOOTSTRAP_RUN_ID", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
    ...named({
      ...bootstrapMemory,
      ...(usesAzure && {
        AZURE_CLIENT_ID: clientId,
        AZURE_TENANT_ID: azure.tenantId,
        AZURE_FEDERATED_TOKEN_FILE: `${tokenMountPath}/${tokenFile}`,
        AZURE_AUTHORITY_HOST: azure.authorityHost ?? "https://login.microsoftonline.com/",
      }),
      ...(azure.extraCaPem !== undefined && { NODE_EXTRA_CA_CERTS: `${mountPath}/extra-ca.pem` }),
      // trusted for Vault alone, unlike NODE_EXTRA_CA_CERTS
      ...(podCa && { VAULT_CACERT: "pem" in podCa ? `${mountPath}/vault-ca.pem` : `${vaultCaPath}/${podCa.key}` }),
    }),
  ];
}

function vaultCaVolume({ vault: { podCa } }: EnvironmentStack) {
  if (podCa === undefined || "pem" in podCa) return [];
  const items = [{ key: podCa.key, path: podCa.key }];
  const name = "vault-ca";
  return podCa.kind === "ConfigMap"
    ? [{ name, configMap: { name: podCa.name, items } }]
    : [{ name, secret: { secretName: podCa.name, items } }];
}

/** The cluster's node pools are tainted by environment; a pod without this stays Pending. */
function tolerations({ name }: EnvironmentStack) {
  if (name === "local") return {};
  const value = name === "prod" ? "production" : name;
  return { tolerations: [{ key: "ameide.io/environment", operator: "Equal", value, effect: "NoSchedule" }] };
}

/**
 * A digest (12 hex digits) of what a run depends on: its pod, with the ConfigMap's hashed name, and `runId`. The
 * `-sync` Job has it in its name, so that it runs again exactly when something changed.
 * @param also - names known only to resources, such as the client id and the versions of written values.
 */
export function chainDigest(stack: EnvironmentStack, also: readonly string[] = []): string {
  const { runId = "" } = stack.bootstrap;
  return digestOf([JSON.stringify(bootstrapSyncJob(stack, "", "")), runId, ...also]);
}
