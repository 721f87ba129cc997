import type { BootstrapStatus } from "../../domain/bootstrap-config.ts";
import { expectedDeliveries } from "../../domain/plan/update-check.ts";
import type { EnvironmentStack, PlannedDelivery } from "../../domain/plan/environment.ts";
import { readBootstrapStatus } from "../access/bootstrap-job.ts";
import { externalSecretPath, isSynced, whyNotReady, type ExternalSecret } from "../access/external-secrets.ts";
import type { Cluster } from "../../clients/kubernetes.ts";
import { table } from "../table.ts";

/** The state of every secret and every target, as the cluster reports it. Names, versions and states; no value. */
export type StatusReport = Awaited<ReturnType<typeof readStatusReport>>;

/** Three calls for each target and one for the status of vault-bootstrap, all of them reads. */
export async function readStatusReport(cluster: Cluster, stack: EnvironmentStack) {
  const { plan, shared } = stack;
  const expected = expectedDeliveries(stack);
  const [lastRun, targets] = await Promise.all([
    readBootstrapStatus(cluster, stack),
    Promise.all(plan.deliveries.map((delivery) => readTarget(cluster, delivery, expected.has(delivery)))),
  ]);
  const secrets = plan.secrets.map(({ name, variable, keyVaultName, vaultPath }) => {
    const { sourceVersion, outcome, vaultVersion } = lastRun?.secrets.find(({ path }) => path === vaultPath) ?? {};
    return {
      name,
      variable,
      /** Whether this run's `.env` has a value for it. */
      inEnvFile: keyVaultName !== undefined && shared?.keyVaultSecrets.has(keyVaultName) === true,
      /** First eight characters of Key Vault's version. */
      keyVaultVersion: sourceVersion?.slice(0, 8),
      outcome,
      vaultVersion,
      /** As `namespace/name`. */
      targets: plan.deliveries
        .filter(({ keys }) => keys.some((key) => key.secret === name))
        .map(({ namespace, target }) => `${namespace}/${target}`),
    };
  });
  return { secrets, targets, lastRun };
}

export function formatStatusReport({ secrets, targets, lastRun }: StatusReport, columns?: number): string {
  const shown = secrets.filter(
    (secret) => secret.targets.length > 0 || secret.inEnvFile || secret.keyVaultVersion !== undefined,
  );
  const secretRows = table(
    ["SECRET", "KEY VAULT", "BOOTSTRAP", "VAULT", "KUBERNETES SECRETS"],
    shown.map(({ name, keyVaultVersion, outcome, vaultVersion, targets: to }) => [
      name,
      keyVaultVersion ?? "-",
      outcome ?? "-",
      vaultVersion === undefined ? "-" : `v${vaultVersion}`,
      to.join(", ") || "-",
    ]),
    columns,
  );
  const targetRows = table(
    ["KUBERNETES SECRET", "KEYS", "STATE"],
    targets.map(({ namespace, name, keys, externalSecret, synced, awaited, problem = "not synced" }) => [
      `${namespace}/${name}`,
      keys.join(", ") || "-",
      synced ? "synced" : awaited ? `${externalSecret}: ${problem}` : "waits for a value",
    ]),
    columns,
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

function lastRunLines(lastRun: BootstrapStatus | undefined): readonly string[] {
  if (lastRun === undefined || lastRun.cause === "ok") return [];
  return ["", `the last run of vault-bootstrap ended with ${lastRun.cause}: ${lastRun.message ?? ""}`];
}

async function readTarget(
  cluster: Cluster,
  { namespace, name: externalSecret, target: name }: PlannedDelivery,
  awaited: boolean,
) {
  const [source, secret] = await Promise.all([
    cluster.find<ExternalSecret>(externalSecretPath({ namespace, name: externalSecret })),
    cluster.find<{ readonly type?: string; readonly data?: object }>(`/api/v1/namespaces/${namespace}/secrets/${name}`),
  ]);
  const synced = source !== undefined && secret !== undefined && isSynced(source);
  return {
    namespace,
    name,
    externalSecret,
    type: secret?.type,
    keys: Object.keys(secret?.data ?? {}).toSorted(),
    synced,
    /** Whether everything that it needs is sure to have a value. */
    awaited,
    problem: source === undefined ? "no ExternalSecret" : synced ? undefined : await whyNotReady(cluster, source),
  };
}
