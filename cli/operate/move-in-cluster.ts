import type { V1CronJob } from "@kubernetes/client-node";
import { type Cluster, type KubernetesObject, listAll } from "../../clients/kubernetes.ts";
import type { ObjectMetadata } from "../../diagnose/observe/kubernetes-list.ts";
import type { Finding } from "../../domain/finding.ts";
import { isKept, keeping, trackingOf, type Application } from "../../domain/move-in/argocd.ts";
import type { LiveObject, MoveInFacts } from "../../domain/move-in/facts.ts";
import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import type { Change } from "../deploy/engine/change.ts";
import { handOver, isOurs, type LiveObjects, ownerOf } from "../deploy/ownership/kubernetes-objects.ts";

export type ClusterFacts = Pick<
  MoveInFacts,
  "applications" | "unreadApplications" | "otherCronJobs" | "objects" | "plannedObjects" | "refusedByAdmission"
>;

export type GuardScanner = (
  cluster: Cluster,
  stack: EnvironmentStack,
) => Promise<{ readonly wouldBreak: readonly Finding[] }>;

/** @throws whatever a read of the cluster throws, except of Applications: the objects themselves name their owners. */
export async function clusterFacts(
  stack: EnvironmentStack,
  live: LiveObjects,
  planned: readonly Change[],
  guardScan: GuardScanner,
): Promise<ClusterFacts> {
  const { cluster } = live;
  const [read, otherCronJobs, { wouldBreak }] = await Promise.all([
    readApplications(cluster).catch((error: unknown) => (error instanceof Error ? error.message : String(error))),
    readCronJobs(stack, cluster),
    guardScan(cluster, stack),
  ]);
  const applications = typeof read === "string" ? [] : read;
  const own = planned.filter(({ type }) => !type.endsWith("Patch"));
  const objects = await Promise.all(own.map(({ type, object = "" }) => liveObject(live, type, object, applications)));
  return {
    applications,
    ...(typeof read === "string" && { unreadApplications: read }),
    otherCronJobs,
    objects: objects.filter((object) => object !== undefined),
    plannedObjects: own.length,
    refusedByAdmission: [...new Set(wouldBreak.map(({ where, subject }) => where ?? subject))],
  };
}

async function liveObject(
  live: LiveObjects,
  type: string,
  object: string,
  applications: readonly Application[],
): Promise<LiveObject | undefined> {
  const there = await live.find(type, object);
  if (there === undefined) return undefined;
  const kind = type.split(":").at(-1) ?? type;
  const tracking = trackingOf(there);
  const owner = ownerOf(there)?.title;
  return {
    kind,
    object,
    isOurs: isOurs(there),
    ...(owner !== undefined && { owner }),
    ...(tracking && { tracking }),
    isKept: isKept(
      there,
      applications.find(({ name }) => name === tracking?.application),
    ),
    keeping: keeping(there),
    handOver: handOver({ ...there, kind, object }, live.cluster.context),
  };
}

interface ApplicationObject {
  readonly metadata: ObjectMetadata;
  readonly spec?: {
    readonly syncPolicy?: {
      readonly syncOptions?: readonly string[];
      readonly automated?: { readonly selfHeal?: boolean } | null;
    };
  };
  readonly status?: {
    readonly resources?: readonly {
      readonly kind: string;
      readonly namespace?: string;
      readonly name: string;
      readonly requiresPruning?: boolean;
    }[];
  };
}

async function readApplications(cluster: Cluster): Promise<readonly Application[]> {
  const found = await listAll<ApplicationObject>(cluster, "/apis/argoproj.io/v1alpha1/applications");
  return found.map(({ metadata: { name, namespace = "argocd" }, spec, status }) => ({
    name: namespace === "argocd" ? name : `${namespace}_${name}`,
    syncOptions: spec?.syncPolicy?.syncOptions ?? [],
    selfHeals: spec?.syncPolicy?.automated?.selfHeal === true,
    extraneous: (status?.resources ?? [])
      .filter(({ requiresPruning }) => requiresPruning === true)
      .map((one) => `${one.kind} ${one.namespace ? `${one.namespace}/` : ""}${one.name}`),
  }));
}

/** By the ServiceAccount, since only that one may log in to Key Vault; the name is the chart's to choose. */
async function readCronJobs(
  { namespace, bootstrap }: EnvironmentStack,
  cluster: Cluster,
): Promise<MoveInFacts["otherCronJobs"]> {
  const found = await listAll<V1CronJob & KubernetesObject>(cluster, `/apis/batch/v1/namespaces/${namespace}/cronjobs`);
  return found
    .filter((one) => one.spec?.jobTemplate.spec?.template.spec?.serviceAccountName === bootstrap.name && !isOurs(one))
    .map(({ metadata: { name }, spec: { suspend = false }, status: { active = [] } = {} }) => ({
      object: `${namespace}/${name}`,
      suspended: suspend,
      active: active.length,
    }));
}
