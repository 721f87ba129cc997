import type { BootstrapStatus } from "../../domain/bootstrap-config.ts";
import { expectedDeliveries } from "../../domain/plan/update-check.ts";
import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import { readBootstrapStatus } from "../access/bootstrap-job.ts";
import { externalSecretPath, isSynced, whyNotReady, type ExternalSecret } from "../access/external-secrets.ts";
import type { Cluster } from "../../clients/kubernetes.ts";
import { table } from "../table.ts";

/** The state of every secret and every target, as the cluster reports it. Names, versions and states; no value. */
export interface StatusReport {
  readonly secrets: readonly {
    readonly name: string;
    readonly variable?: string;
    /** Whether this run's `.env` has a value for it. */
    readonly inEnvFile: boolean;
    /** First eight characters of Key Vault's version. */
    readonly keyVaultVersion?: string;
    readonly outcome?: string;
    readonly vaultVersion?: number;
    /** Targets as `namespace/name`. */
    readonly targets: readonly string[];
  }[];
  readonly targets: readonly {
    readonly namespace: string;
    readonly name: string;
    readonly externalSecret: string;
    readonly type?: string;
    readonly keys: readonly string[];
    readonly synced: boolean;
    /** Whether everything that it needs is sure to have a value. */
    readonly awaited: boolean;
    readonly problem?: string;
  }[];
  readonly lastRun?: Pick<BootstrapStatus, "cause" | "finishedAt" | "phase" | "message">;
}

/** Reads it; three calls a target and one for the bootstrap's status, all of them reads. */
export async function readStatusReport(cluster: Cluster, stack: EnvironmentStack): Promise<StatusReport> {
  const { plan } = stack;
  const awaited = expectedDeliveries(stack);
  const [status, targets] = await Promise.all([
    readBootstrapStatus(cluster, stack),
    Promise.all(plan.deliveries.map((delivery) => target(cluster, delivery, awaited.has(delivery)))),
  ]);
  const values = stack.shared?.keyVaultSecrets ?? new Map<string, unknown>();
  const secrets = plan.secrets.map(({ name, variable, keyVaultName, vaultPath }) => {
    const carried = status?.secrets.find(({ path }) => path === vaultPath);
    return {
      name,
      ...(variable === undefined ? {} : { variable }),
      inEnvFile: keyVaultName !== undefined && values.has(keyVaultName),
      ...(carried?.sourceVersion === undefined ? {} : { keyVaultVersion: carried.sourceVersion.slice(0, 8) }),
      ...(carried === undefined ? {} : { outcome: carried.outcome }),
      ...(carried?.vaultVersion === undefined ? {} : { vaultVersion: carried.vaultVersion }),
      targets: plan.deliveries
        .filter(({ keys }) => keys.some((key) => key.secret === name))
        .map((delivery) => `${delivery.namespace}/${delivery.target}`),
    };
  });
  return { secrets, targets, ...(status === undefined ? {} : { lastRun: status }) };
}

/** The external secrets step by step, the targets that exist, and counts of the rest. */
export function formatStatusReport({ secrets, targets, lastRun }: StatusReport): string {
  const shown = secrets.filter(
    (secret) => secret.targets.length > 0 || secret.inEnvFile || secret.keyVaultVersion !== undefined,
  );
  const secretRows = table(
    ["SECRET", ".ENV", "KEY VAULT", "BOOTSTRAP", "VAULT", "KUBERNETES SECRETS"],
    shown.map(({ name, inEnvFile, keyVaultVersion, outcome, vaultVersion, targets: to }) => [
      name,
      inEnvFile ? "value" : "-",
      keyVaultVersion ?? "-",
      outcome ?? "-",
      vaultVersion === undefined ? "-" : `v${vaultVersion}`,
      to.join(", ") || "-",
    ]),
  );
  const targetRows = table(
    ["KUBERNETES SECRET", "TYPE", "KEYS", "EXTERNALSECRET", "STATE"],
    targets.map(({ namespace, name, type, keys, externalSecret, synced, awaited, problem }) => [
      `${namespace}/${name}`,
      type ?? "-",
      keys.join(", ") || "-",
      externalSecret,
      synced ? "synced" : awaited ? (problem ?? "not synced") : "waits for a value",
    ]),
  );
  return [
    secretRows,
    ...rest(secrets.filter((secret) => !shown.includes(secret))),
    "",
    targetRows,
    ...lastRunLines(lastRun),
  ].join("\n");
}

function rest(secrets: StatusReport["secrets"]): readonly string[] {
  const generated = secrets.filter(
    ({ variable, vaultVersion }) => variable === undefined && vaultVersion !== undefined,
  );
  const without = secrets.filter(({ vaultVersion }) => vaultVersion === undefined);
  return [
    ...(generated.length === 0 ? [] : [`and ${generated.length} secrets that vault-bootstrap generated in Vault`]),
    ...(without.length === 0 ? [] : [`and ${without.length} secrets without a value`]),
  ];
}

function lastRunLines(lastRun: StatusReport["lastRun"]): readonly string[] {
  if (lastRun === undefined || lastRun.cause === "ok") return [];
  return ["", `the last run of vault-bootstrap ended with ${lastRun.cause}: ${lastRun.message ?? ""}`];
}

interface Secret {
  readonly type?: string;
  readonly data?: Readonly<Record<string, string>>;
}

async function target(
  cluster: Cluster,
  { namespace, name: externalSecret, target: name }: EnvironmentStack["plan"]["deliveries"][number],
  awaited: boolean,
): Promise<StatusReport["targets"][number]> {
  const [source, secret] = await Promise.all([
    cluster.find<ExternalSecret>(externalSecretPath(namespace, externalSecret)),
    cluster.find<Secret>(`/api/v1/namespaces/${namespace}/secrets/${name}`),
  ]);
  const synced = source !== undefined && secret !== undefined && isSynced(source);
  const problem = source === undefined ? "no ExternalSecret" : synced ? undefined : await whyNotReady(cluster, source);
  return {
    namespace,
    name,
    externalSecret,
    ...(secret?.type === undefined ? {} : { type: secret.type }),
    keys: Object.keys(secret?.data ?? {}).toSorted(),
    synced,
    awaited,
    ...(problem === undefined ? {} : { problem }),
  };
}
