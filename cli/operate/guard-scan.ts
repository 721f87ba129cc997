import { admissionRules } from "../../domain/manifests/admission.ts";
import type { EnvironmentStack, Strictness } from "../../domain/plan/environment.ts";
import type { Finding } from "../../domain/finding.ts";
import { type Cluster, KubernetesError, listAll } from "../../clients/kubernetes.ts";
import { type ObjectMetadata } from "../../diagnose/observe/kubernetes-list.ts";
import { namespacesOf } from "../../diagnose/observe/observe.ts";
import { lintSources } from "../../policies/lint/lint.ts";

/** What lives in the cluster, held to what the AdmissionGuard would refuse. */
export interface GuardScan {
  /** What the stack's settings say now. */
  readonly admission: Strictness["admission"];
  /** Objects that were looked at, by kind. */
  readonly looked: Readonly<Record<string, number>>;
  /** What the next change of the object would meet under `deny`; the object itself stays as it is. */
  readonly wouldBreak: readonly Finding[];
}

interface ScannedKind {
  readonly kind: string;
  /** @default external-secrets.io */
  readonly group?: string;
  readonly version: "v1" | "v1alpha1";
  readonly resource: string;
  readonly namespaced: boolean;
  /** Resource that names the admission policy which judges it. @default - its own */
  readonly judgedAs?: string;
}

const scanned: readonly ScannedKind[] = [
  { kind: "ExternalSecret", version: "v1", resource: "externalsecrets", namespaced: true },
  { kind: "PushSecret", version: "v1alpha1", resource: "pushsecrets", namespaced: true },
  { kind: "SecretStore", version: "v1", resource: "secretstores", namespaced: true },
  { kind: "ClusterSecretStore", version: "v1", resource: "clustersecretstores", namespaced: false },
  {
    kind: "ClusterGenerator",
    group: "generators.external-secrets.io",
    version: "v1alpha1",
    resource: "clustergenerators",
    namespaced: false,
  },
  // what these make in a namespace is held to the policy, wherever they come from themselves
  {
    kind: "ClusterExternalSecret",
    version: "v1",
    resource: "clusterexternalsecrets",
    namespaced: false,
    judgedAs: "externalsecrets",
  },
  {
    kind: "ClusterPushSecret",
    version: "v1alpha1",
    resource: "clusterpushsecrets",
    namespaced: false,
    judgedAs: "pushsecrets",
  },
];

interface LiveObject {
  readonly metadata: ObjectMetadata;
  readonly spec?: unknown;
}

/** Reads them and judges them by the pack's own rules, exemptions included; nothing is changed. */
export async function guardScan(cluster: Cluster, stack: EnvironmentStack): Promise<GuardScan> {
  const namespaces = namespacesOf(stack);
  const found = await Promise.all(
    scanned.map(async (one) => {
      const paths = one.namespaced ? namespaces.map((name) => `namespaces/${name}/${one.resource}`) : [one.resource];
      const lists = await Promise.all(paths.map((path) => list(cluster, one, path)));
      return { kind: one.kind, sources: lists.flat() };
    }),
  );
  const { findings } = lintSources(
    found.flatMap(({ sources }) => sources),
    { catalogue: stack.catalogue, environment: stack.name, vaults: { [stack.name]: stack.vault } },
  );
  const rules = admissionRules(stack);
  const enforced = new Map(scanned.map(({ kind, resource, judgedAs = resource }) => [kind, rules.get(judgedAs)]));
  return {
    admission: stack.strictness.admission,
    looked: Object.fromEntries(found.map(({ kind, sources }) => [kind, sources.length])),
    wouldBreak: findings
      .filter(
        ({ code, severity, file }) =>
          severity === "error" && enforced.get(file.split(" ")[0] ?? "")?.has(code) === true,
      )
      // a line number of the judged JSON is useless to a reader
      .map(({ file, line: _line, ...finding }) => ({ ...finding, where: file })),
  };
}

/** @returns the objects as sources for lint, named `Kind namespace/name`; none where the kind is not installed. */
async function list(cluster: Cluster, one: ScannedKind, path: string) {
  const { kind, group = "external-secrets.io", version } = one;
  const objects = await listAll<LiveObject>(cluster, `/apis/${group}/${version}/${path}`).catch(
    (error: unknown): readonly LiveObject[] => {
      if (error instanceof KubernetesError && error.status === 404) return [];
      throw error;
    },
  );
  return objects.map(({ metadata: { name, namespace }, spec }) => ({
    file: `${kind} ${namespace === undefined ? name : `${namespace}/${name}`}`,
    text: JSON.stringify({
      apiVersion: `${group}/${version}`,
      kind,
      metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
      spec,
    }),
  }));
}

/** For people: what was looked at, and each object that `deny` would stop. */
export function formatGuardScan({ admission, looked, wouldBreak }: GuardScan, format: (f: Finding) => string): string {
  const counts = Object.entries(looked).map(([kind, count]) => `${count} ${kind}`);
  const objects = new Set(wouldBreak.map(({ where }) => where)).size;
  const verdict =
    wouldBreak.length === 0
      ? "deny would refuse none of them"
      : `deny would refuse the next change of ${objects}; Secrets that they created stay`;
  return [`${counts.join(", ")}; admission is ${admission}: ${verdict}`, ...wouldBreak.map(format)].join("\n");
}
