import { admissionRules } from "../../domain/manifests/admission.ts";
import type { EnvironmentStack, Strictness } from "../../domain/plan/environment.ts";
import { formatFinding, type Finding } from "../../domain/finding.ts";
import { type Cluster, KubernetesError, listAll } from "../../clients/kubernetes.ts";
import { type ObjectMetadata } from "../../diagnose/observe/kubernetes-list.ts";
import { namespacesOf } from "../../diagnose/observe/observe.ts";
import { lintSources } from "../../policies/lint/lint.ts";

/** The live objects, judged as the AdmissionGuard would judge their next change. */
export interface GuardScan {
  readonly admission: Strictness["admission"];
  /** Objects that were read, by kind. */
  readonly looked: Readonly<Record<string, number>>;
  /** What `deny` would refuse at the next change of the object; the object itself stays. */
  readonly wouldBreak: readonly Finding[];
}

interface ScannedKind {
  readonly kind: string;
  /** Group and version. */
  readonly api: string;
  readonly isNamespaced: boolean;
  /** Kind whose admission policy judges it. @default - its own */
  readonly judgedAs?: string;
}

const scanned: readonly ScannedKind[] = [
  { kind: "ExternalSecret", api: "external-secrets.io/v1", isNamespaced: true },
  { kind: "PushSecret", api: "external-secrets.io/v1alpha1", isNamespaced: true },
  { kind: "SecretStore", api: "external-secrets.io/v1", isNamespaced: true },
  { kind: "ClusterSecretStore", api: "external-secrets.io/v1", isNamespaced: false },
  { kind: "ClusterGenerator", api: "generators.external-secrets.io/v1alpha1", isNamespaced: false },
  // admission judges what these create in a namespace, whoever creates it
  { kind: "ClusterExternalSecret", api: "external-secrets.io/v1", isNamespaced: false, judgedAs: "ExternalSecret" },
  { kind: "ClusterPushSecret", api: "external-secrets.io/v1alpha1", isNamespaced: false, judgedAs: "PushSecret" },
];

const resourceOf = (kind: string): string => `${kind.toLowerCase()}s`;

/** Reads them and judges them by the pack's own rules, exemptions included. Changes nothing. */
export async function guardScan(cluster: Cluster, stack: EnvironmentStack): Promise<GuardScan> {
  const namespaces = namespacesOf(stack).map((name) => `namespaces/${name}/`);
  const found = await Promise.all(
    scanned.map(async (one) => {
      const lists = (one.isNamespaced ? namespaces : [""]).map((prefix) => list(cluster, one, prefix));
      return { kind: one.kind, sources: (await Promise.all(lists)).flat() };
    }),
  );
  const { findings } = lintSources(
    found.flatMap(({ sources }) => sources),
    { catalogue: stack.catalogue, environment: stack.name, vaults: { [stack.name]: stack.vault } },
  );
  const rules = admissionRules(stack);
  const enforced = new Map(scanned.map(({ kind, judgedAs = kind }) => [kind, rules.get(resourceOf(judgedAs))]));
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
async function list(cluster: Cluster, { kind, api: apiVersion }: ScannedKind, prefix: string) {
  const path = `/apis/${apiVersion}/${prefix}${resourceOf(kind)}`;
  const objects = await listAll<{ readonly metadata: ObjectMetadata; readonly spec?: unknown }>(cluster, path).catch(
    (error: unknown) => {
      if (error instanceof KubernetesError && error.status === 404) return [];
      throw error;
    },
  );
  return objects.map(({ metadata: { name, namespace }, spec }) => ({
    file: `${kind} ${namespace === undefined ? name : `${namespace}/${name}`}`,
    text: JSON.stringify({ apiVersion, kind, metadata: { name, namespace }, spec }),
  }));
}

export function formatGuardScan({ admission, looked, wouldBreak }: GuardScan): string {
  const counts = Object.entries(looked).flatMap(([kind, count]) => (count === 0 ? [] : [`${count} ${kind}`]));
  const objects = new Set(wouldBreak.map(({ where }) => where)).size;
  const verdict =
    wouldBreak.length === 0
      ? "deny would refuse none of them"
      : `deny would refuse the next change of ${objects}; Secrets that they created stay`;
  return [
    `${counts.join(", ") || "no object of External Secrets"}; admission is ${admission}: ${verdict}`,
    ...wouldBreak.map(formatFinding),
  ].join("\n");
}
