import type { EnvironmentStack, PlannedDelivery } from "../../../domain/plan/environment.ts";
import type { Stage } from "../../../domain/stage.ts";
import { errorFinding, type Finding } from "../../../domain/finding.ts";
import { pathBelowMount } from "../../../domain/names.ts";
import { pullSecretPatches } from "../../../domain/manifests/external-secret.ts";
import { type Cluster, listAll } from "../../../clients/kubernetes.ts";
import { ownerOf, type ObjectMetadata } from "../../../diagnose/observe/kubernetes-list.ts";
import { keysOf, type ExternalSecret } from "../../access/external-secrets.ts";
import type { Change } from "../engine/change.ts";
import { handOver, isOurs } from "./kubernetes-objects.ts";
import type { OwnershipCheck } from "./checks.ts";

type PlannedStore = EnvironmentStack["plan"]["stores"][number];

/**
 * What the plan would take from other owners: a Secret that an ExternalSecret would write, what others read through a store
 * that gets another role, the pull secrets of an account.
 */
export function cutOffChecks(
  changes: readonly Change[],
  stack: EnvironmentStack,
  cluster: Cluster,
): readonly OwnershipCheck[] {
  const { deliveries, stores } = stack.plan;
  const isCreated = (kind: string, { namespace, name }: { readonly namespace: string; readonly name: string }) =>
    changes.some(
      ({ operation, type, object }) =>
        operation === "create" && type.endsWith(`:${kind}`) && object === `${namespace}/${name}`,
    );
  const check = (stage: Stage, at: string, run: OwnershipCheck["run"]): OwnershipCheck => ({ stage, at, server: "the cluster", run }); // prettier-ignore
  return [
    ...deliveries
      .filter((delivery) => isCreated("ExternalSecret", delivery))
      .map((delivery) =>
        check("external-secret", `secret ${delivery.namespace}/${delivery.target}`, () =>
          foreignTarget(delivery, cluster),
        ),
      ),
    ...stores
      .filter((store) => isCreated("SecretStore", store))
      .map((store) =>
        check("secret-store", `externalsecrets in ${store.namespace}`, () => lostReaders(store, stack, cluster)),
      ),
    ...pullSecretPatches(deliveries)
      .filter(({ metadata }) => isCreated("ServiceAccountPatch", metadata))
      .map((patch) =>
        check("external-secret", `serviceaccount ${patch.metadata.namespace}/${patch.metadata.name}`, () =>
          lostPullSecrets(patch, cluster),
        ),
      ),
  ];
}

/** ESO treats a Secret without a controller as its own: it overwrites the keys, and deletes it with the ExternalSecret. */
async function foreignTarget(
  { namespace, name, target }: PlannedDelivery,
  cluster: Cluster,
): Promise<Finding | undefined> {
  const secret = `${namespace}/${target}`;
  const found = await cluster.find<{ metadata: ObjectMetadata }>(`/api/v1/namespaces/${namespace}/secrets/${target}`);
  if (found === undefined) return undefined;
  const owner = ownerOf(found.metadata);
  if (owner === `ExternalSecret/${name}` || (owner === undefined && isOurs(found))) return undefined;
  return errorFinding(
    "target-has-owner",
    "external-secret",
    secret,
    `Secret ${secret} already exists and ${owner === undefined ? "no ExternalSecret created it" : `belongs to ${owner}`}; ExternalSecret ${namespace}/${name} would also write it`,
    owner === undefined
      ? `if nothing else writes it, hand it over: ${handOver({ apiVersion: "v1", kind: "Secret", object: secret }, cluster.context)}`
      : `give the delivery another name in environments/catalogue.yaml, or first delete ${owner} and keep its Secret: kubectl --context ${cluster.context} -n ${namespace} delete ${owner.toLowerCase()} --cascade=orphan`,
  );
}

/** A store of that name is in use, and its new role reads only what the catalogue lets the namespace read. */
async function lostReaders(
  { namespace, name, readablePaths }: PlannedStore,
  { vault }: EnvironmentStack,
  cluster: Cluster,
): Promise<Finding | undefined> {
  const path = `/apis/external-secrets.io/v1/namespaces/${namespace}/externalsecrets`;
  const all = await listAll<ExternalSecret>(cluster, path);
  const lost = all.flatMap((reader) => {
    if (reader.spec?.secretStoreRef?.name !== name) return [];
    const refused = keysOf(reader).filter((key) => !readablePaths.includes(pathBelowMount(key, vault.mount)));
    return refused.length === 0 ? [] : [`${reader.metadata.name} (${[...new Set(refused)].join(", ")})`];
  });
  if (lost.length === 0) return undefined;
  return errorFinding(
    "store-cuts-off",
    "secret-store",
    `${namespace}/${name}`,
    `SecretStore ${namespace}/${name} would get a role that does not let these ExternalSecrets read: ${lost.join("; ")}`,
    `declare each in environments/catalogue.yaml (consumers of a secret, or inClusterDeliveries with its producer), or give these ExternalSecrets another store with their present role`,
  );
}

/** The list is one field: whoever applies it writes all of it (listType=atomic). */
async function lostPullSecrets(
  { metadata: { namespace, name }, imagePullSecrets }: ReturnType<typeof pullSecretPatches>[number],
  cluster: Cluster,
): Promise<Finding | undefined> {
  const account = await cluster.find<{ imagePullSecrets?: readonly { name: string }[] }>(
    `/api/v1/namespaces/${namespace}/serviceaccounts/${name}`,
  );
  const ours = imagePullSecrets.map((secret) => secret.name);
  const others = (account?.imagePullSecrets ?? []).map((secret) => secret.name).filter((one) => !ours.includes(one));
  if (others.length === 0) return undefined;
  const list = others.join(", ");
  return errorFinding(
    "pull-secrets-of-others",
    "external-secret",
    `${namespace}/${name}`,
    `ServiceAccount ${namespace}/${name} would lose pull secrets that something else added (${list}): this program writes the whole list`,
    `remove ${name} from imagePullServiceAccounts of the delivery in environments/catalogue.yaml, and add ${ours.join(", ")} where ${list} is added`,
  );
}
