import { listAll, type KubernetesClient, type KubernetesObject } from "../../../clients/kubernetes.ts";

const collections = [
  "/api/v1/serviceaccounts",
  "/api/v1/configmaps",
  "/api/v1/secrets",
  "/apis/batch/v1/cronjobs",
  "/apis/rbac.authorization.k8s.io/v1/roles",
  "/apis/rbac.authorization.k8s.io/v1/rolebindings",
  "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
  "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies",
  "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings",
  "/apis/external-secrets.io/v1/secretstores",
  "/apis/external-secrets.io/v1/externalsecrets",
];
const trackingId = "argocd.argoproj.io/tracking-id";
const manager = "argocd-controller";

/**
 * A stand-in for ArgoCD's application controller with automated sync, prune and self-heal. Its rules are those of the
 * controller's source (argo-cd 3.x: `GetManagedLiveObjs`, `isSelfReferencedObj`, `pruneObject`, `shouldBeDeleted`):
 *
 * - an object is an Application's if its tracking-id names the Application, and names this very object: a copy of the
 *   annotation on another object does not count; an object with an owner reference is never pruned;
 * - what the source has is applied whoever tracks it, and gets the Application's own tracking-id;
 * - what is live and not in the source is deleted in the foreground, unless the live object says `Prune=false`, or says
 *   nothing and the Application does;
 * - a deleted Application deletes its objects but for those with `Delete=false`.
 */
export class ArgoStandIn {
  /** What "Git" has, by Application. */
  readonly source = new Map<string, KubernetesObject[]>();
  readonly #cluster: KubernetesClient;

  constructor(cluster: KubernetesClient) {
    this.#cluster = cluster;
  }

  /** One sync of each Application, in any order: `reversed` for the other one. */
  async sync({ reversed = false } = {}): Promise<void> {
    const names = [...this.source.keys()];
    for (const name of reversed ? names.toReversed() : names) await this.#syncOne(name, this.source.get(name) ?? []);
  }

  async deleteApplication(name: string): Promise<void> {
    this.source.delete(name);
    for (const live of await this.#tracked(name))
      if (!optionsOf(live).includes("Delete=false")) await this.#delete(live);
    await this.#cluster.remove(applicationPath(name));
  }

  async #syncOne(name: string, wanted: readonly KubernetesObject[]): Promise<void> {
    for (const object of wanted) {
      const annotations = { ...object.metadata.annotations, [trackingId]: idOf(name, object) };
      const tracked = { ...object, metadata: { ...object.metadata, annotations } };
      await this.#cluster.apply(pathOf(object), tracked, { fieldManager: manager });
    }
    const kept = new Set(wanted.map((object) => pathOf(object)));
    const extraneous = (await this.#tracked(name)).filter((live) => !kept.has(pathOf(live)));
    for (const live of extraneous) if (!optionsOf(live).includes("Prune=false")) await this.#delete(live);
    const resources = extraneous.map(({ kind, metadata }) => ({
      kind,
      name: metadata.name,
      ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
      requiresPruning: true,
    }));
    await this.#cluster.apply(
      applicationPath(name),
      {
        apiVersion: "argoproj.io/v1alpha1",
        kind: "Application",
        metadata: { name, namespace: "argocd" },
        spec: { syncPolicy: { automated: { prune: true, selfHeal: true } } },
        status: { resources },
      },
      { fieldManager: manager },
    );
  }

  async #tracked(name: string): Promise<readonly KubernetesObject[]> {
    const lists = await Promise.all(
      collections.map(async (path) => {
        const kind = kinds[path.split("/").at(-1) ?? ""] ?? "";
        const apiVersion = path.split("/").slice(2, -1).join("/");
        return (await listAll<KubernetesObject>(this.#cluster, path)).map((one) => ({ ...one, apiVersion, kind }));
      }),
    );
    return lists
      .flat()
      .filter((live) => live.metadata.annotations?.[trackingId] === idOf(name, live))
      .filter(({ metadata }) => metadata["ownerReferences"] === undefined);
  }

  #delete(live: KubernetesObject): Promise<void> {
    return this.#cluster.remove(pathOf(live), { propagationPolicy: "Foreground" });
  }
}

const kinds: Readonly<Record<string, string>> = {
  serviceaccounts: "ServiceAccount",
  configmaps: "ConfigMap",
  secrets: "Secret",
  cronjobs: "CronJob",
  roles: "Role",
  rolebindings: "RoleBinding",
  clusterrolebindings: "ClusterRoleBinding",
  validatingadmissionpolicies: "ValidatingAdmissionPolicy",
  validatingadmissionpolicybindings: "ValidatingAdmissionPolicyBinding",
  secretstores: "SecretStore",
  externalsecrets: "ExternalSecret",
};

/** `<application>:<group>/<kind>:<namespace>/<name>`; the group of the core is empty. */
function idOf(application: string, { apiVersion, kind, metadata }: KubernetesObject): string {
  const group = apiVersion.includes("/") ? apiVersion.split("/")[0] : "";
  return `${application}:${group}/${kind}:${metadata.namespace ?? ""}/${metadata.name}`;
}

export function pathOf({ apiVersion, kind, metadata: { namespace, name } }: KubernetesObject): string {
  const api = apiVersion === "v1" ? "/api/v1" : `/apis/${apiVersion}`;
  const [plural = ""] = Object.entries(kinds).find(([, one]) => one === kind) ?? [];
  return namespace === undefined ? `${api}/${plural}/${name}` : `${api}/namespaces/${namespace}/${plural}/${name}`;
}

function applicationPath(name: string): string {
  return `/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/${name}`;
}

function optionsOf({ metadata: { annotations = {} } }: KubernetesObject): readonly string[] {
  return (annotations["argocd.argoproj.io/sync-options"] ?? "").split(",").map((option) => option.trim());
}
