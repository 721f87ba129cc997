import { KubernetesError, type KubernetesClient, type KubernetesObject } from "../../clients/kubernetes.ts";
import type { LocalHome } from "../../local/home.ts";
import { homeCluster } from "../../local/servers/cluster-call.ts";
import { waitUntil } from "../../local/wait-until.ts";

type Items = { readonly items: readonly KubernetesObject[] };
type Resources = { readonly resources: readonly { name: string; namespaced: boolean; verbs: readonly string[] }[] };
type Groups = { readonly groups: readonly { readonly versions: readonly { readonly groupVersion: string }[] }[] };

/** What the API server and its controllers make themselves. */
const isOwn = ({ name, labels }: KubernetesObject["metadata"]): boolean =>
  /^(?:default|kube-.*|kubernetes|.*:.*)$/.test(name) || labels?.["kubernetes.io/bootstrapping"] !== undefined;

/** Where suites make objects, besides namespaces of their own. Definitions stay: it takes the API server long to forget one. */
const places = [
  "apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings",
  "apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies",
  "apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
  "apis/rbac.authorization.k8s.io/v1/clusterroles",
  "api/v1/namespaces/default/configmaps",
  "api/v1/namespaces/default/secrets",
  "api/v1/namespaces/default/serviceaccounts",
  "apis/external-secrets.io/v1/clustersecretstores",
  "apis/external-secrets.io/v1/clusterexternalsecrets",
];

/** Deletes what suites made on an API server, so that the next one finds it as new. It needs no controller. */
export async function emptyCluster(home: LocalHome): Promise<void> {
  const cluster = homeCluster(home);
  const made = async (path: string) =>
    ((await cluster.find<Items>(`/${path}`))?.items ?? []).map(({ metadata }) => metadata).filter((one) => !isOwn(one));
  // the API server refuses calls for a moment after a definition has changed: what failed is done again
  const isEmpty = async () => {
    const namespaces = await made("api/v1/namespaces");
    const collections = namespaces.length === 0 ? [] : await namespacedCollections(cluster);
    await Promise.all(namespaces.map(({ name }) => removeNamespace(cluster, name, collections)));
    for (const path of places)
      for (const { name } of await made(path)) await unlessGone(cluster.remove(`/${path}/${name}`));
    return (await Promise.all(["api/v1/namespaces", ...places].map(made))).flat().length === 0;
  };
  try {
    await waitUntil(isEmpty, { inSeconds: 60, everyInMilliseconds: 200, forWhat: "the objects of a suite to go" });
  } finally {
    cluster.close();
  }
}

/** Each as the path of its API and its name, such as `["/apis/batch/v1", "jobs"]`. */
async function namespacedCollections(cluster: KubernetesClient): Promise<readonly (readonly [string, string])[]> {
  const { groups } = await cluster.get<Groups>("/apis");
  const apis = [
    "/api/v1",
    ...groups.flatMap(({ versions }) => versions.map(({ groupVersion }) => `/apis/${groupVersion}`)),
  ];
  const lists = await Promise.all(
    apis.map(async (api) =>
      ((await cluster.find<Resources>(api))?.resources ?? [])
        .filter(({ namespaced, verbs }) => namespaced && verbs.includes("deletecollection"))
        .map(({ name }) => [api, name] as const),
    ),
  );
  return lists.flat();
}

/** Where no namespace controller runs, whoever deletes a namespace empties it and takes its finalizer away. */
async function removeNamespace(
  cluster: KubernetesClient,
  name: string,
  collections: readonly (readonly [string, string])[],
): Promise<void> {
  const path = `/api/v1/namespaces/${name}`;
  await unlessGone(cluster.remove(path));
  for (const [api, resource] of collections)
    await unlessGone(cluster.remove(`${api}/namespaces/${name}/${resource}`, { gracePeriodSeconds: 0 }));
  const finalized = { apiVersion: "v1", kind: "Namespace", metadata: { name }, spec: { finalizers: [] } };
  await unlessGone(cluster.replace(`${path}/finalize`, finalized));
}

async function unlessGone(call: Promise<unknown>): Promise<void> {
  await call.catch((error: unknown) => {
    if (!(error instanceof KubernetesError) || ![404, 409].includes(error.status)) throw error;
  });
}
