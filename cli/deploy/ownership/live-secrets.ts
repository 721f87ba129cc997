import type { EnvironmentStack } from "../../../domain/plan/environment.ts";
import type { Finding } from "../../../domain/finding.ts";
import { pathBelowMount } from "../../../domain/names.ts";
import { pullSecretPatches } from "../../../domain/manifests/external-secret.ts";
import { type Cluster, listAll } from "../../../clients/kubernetes.ts";
import { ownerOf, type ObjectMetadata } from "../../../diagnose/observe/kubernetes-list.ts";
import type { Change } from "../engine/run-log.ts";
import { handOver, isOurs } from "./kubernetes-objects.ts";
import { look, type Look } from "./look.ts";

/**
 * What an object of the plan would take from others although they do not own the object: a Secret that an ExternalSecret would
 * write, what others read through a store that gets another role, the pull secrets of an account.
 *
 * @param changes - of a preview, or of `plannedObjects`; only creations of stores and deliveries are looked at.
 */
export async function cutOffInKubernetes(
  changes: readonly Change[],
  stack: EnvironmentStack,
  cluster: Cluster,
): Promise<readonly Finding[]> {
  const created = changes.filter(({ operation }) => operation === "create");
  const objects = (kind: string) => created.filter(({ type }) => type.endsWith(`:${kind}`)).map(({ object }) => object);
  const [deliveries, stores] = [objects("ExternalSecret"), objects("SecretStore")];
  const accounts = objects("ServiceAccountPatch");
  const looks = [
    ...stack.plan.deliveries
      .filter(({ namespace, name }) => deliveries.includes(`${namespace}/${name}`))
      .map((delivery) => targetLook(delivery, cluster)),
    ...stack.plan.stores
      .filter(({ namespace, name }) => stores.includes(`${namespace}/${name}`))
      .map((store) => storeLook(store, stack, cluster)),
    ...pullSecretPatches(stack.plan.deliveries)
      .filter(({ metadata: { namespace, name } }) => accounts.includes(`${namespace}/${name}`))
      .map((patch) => accountLook(patch, cluster)),
  ];
  return (await Promise.all(looks.map(look))).filter((finding) => finding !== undefined);
}

/** ESO takes a Secret without a controller for its own: it writes over its keys, and takes it along when it is deleted. */
function targetLook(
  { namespace, name, target }: EnvironmentStack["plan"]["deliveries"][number],
  cluster: Cluster,
): Look {
  const at = `${namespace}/${target}`;
  const run = async (): Promise<Finding | undefined> => {
    const there = await cluster.find<{ metadata: ObjectMetadata }>(`/api/v1/namespaces/${namespace}/secrets/${target}`);
    if (there === undefined) return undefined;
    const owner = ownerOf(there.metadata);
    if (owner === `ExternalSecret/${name}` || (owner === undefined && isOurs(there))) return undefined;
    return {
      code: "target-has-owner",
      stage: "external-secret",
      severity: "error",
      subject: at,
      problem: `Secret ${at} already exists and ${owner === undefined ? "no ExternalSecret created it" : `belongs to ${owner}`}; ExternalSecret ${namespace}/${name} would write it, too`,
      fix:
        owner === undefined
          ? `if nothing else writes it, hand it over: ${handOver({ apiVersion: "v1", kind: "Secret", object: at }, cluster.context)}`
          : `give the delivery another name in environments/catalogue.yaml, or first delete ${owner} and keep its Secret: kubectl --context ${cluster.context} -n ${namespace} delete ${owner.toLowerCase()} --cascade=orphan`,
    };
  };
  return { stage: "external-secret", at: `secret ${at}`, of: "the cluster", run };
}

interface StoreReader {
  readonly metadata: ObjectMetadata;
  readonly spec?: {
    readonly secretStoreRef?: { readonly name?: string };
    readonly data?: readonly { readonly remoteRef?: { readonly key?: string } }[];
    readonly dataFrom?: readonly { readonly extract?: { readonly key?: string }; readonly find?: object }[];
  };
}

/** The store of that name is in use, and its new role reads only what the catalogue lets the namespace read. */
function storeLook(
  { namespace, name, readablePaths }: EnvironmentStack["plan"]["stores"][number],
  { vault }: EnvironmentStack,
  cluster: Cluster,
): Look {
  const run = async (): Promise<Finding | undefined> => {
    const path = `/apis/external-secrets.io/v1/namespaces/${namespace}/externalsecrets`;
    const readers = (await listAll<StoreReader>(cluster, path)).filter(
      ({ spec }) => spec?.secretStoreRef?.name === name,
    );
    const lost = readers.flatMap(({ metadata, spec = {} }) => {
      const keys = [
        ...(spec.data ?? []).map(({ remoteRef }) => remoteRef?.key ?? ""),
        ...(spec.dataFrom ?? []).map(({ extract, find }) => extract?.key ?? (find === undefined ? "" : "(find)")),
      ];
      const refused = keys.filter((key) => key !== "" && !readablePaths.includes(pathBelowMount(key, vault.mount)));
      return refused.length === 0 ? [] : [`${metadata.name} (${[...new Set(refused)].join(", ")})`];
    });
    if (lost.length === 0) return undefined;
    return {
      code: "store-cuts-off",
      stage: "secret-store",
      severity: "error",
      subject: `${namespace}/${name}`,
      problem: `SecretStore ${namespace}/${name} would get a role that cannot read what these use it for: ${lost.join("; ")}`,
      fix: `declare each in environments/catalogue.yaml (consumers of a secret, or inClusterDeliveries with its producer), or give those ExternalSecrets another store with the role that they have`,
    };
  };
  return { stage: "secret-store", at: `externalsecrets in ${namespace}`, of: "the cluster", run };
}

/** The list is one field: whoever applies it writes all of it (listType=atomic). */
function accountLook(
  { metadata: { namespace, name }, imagePullSecrets }: ReturnType<typeof pullSecretPatches>[number],
  cluster: Cluster,
): Look {
  const at = `${namespace}/${name}`;
  const run = async (): Promise<Finding | undefined> => {
    const account = await cluster.find<{ imagePullSecrets?: readonly { name: string }[] }>(
      `/api/v1/namespaces/${namespace}/serviceaccounts/${name}`,
    );
    const ours = imagePullSecrets.map((secret) => secret.name);
    const others = (account?.imagePullSecrets ?? []).filter((secret) => !ours.includes(secret.name));
    if (others.length === 0) return undefined;
    const list = others.map((secret) => secret.name).join(", ");
    return {
      code: "pull-secrets-of-others",
      stage: "external-secret",
      severity: "error",
      subject: at,
      problem: `ServiceAccount ${at} would lose pull secrets that something else added, ${list}: the list is written as a whole`,
      fix: `take ${name} out of imagePullServiceAccounts of the delivery in environments/catalogue.yaml, and add ${ours.join(", ")} where ${list} is added`,
    };
  };
  return { stage: "external-secret", at: `serviceaccount ${at}`, of: "the cluster", run };
}
