import type { Finding } from "../../../domain/finding.ts";
import { fieldManager, ourLabels } from "../../../domain/manifests/marks.ts";
import type { Cluster, KubernetesObject } from "../../../clients/kubernetes.ts";
import type { Change } from "../engine/run-log.ts";
import { look } from "./look.ts";

/** Whose an object is that is there already. */
export interface Owner {
  /** Such as `the ArgoCD application "foundation-secrets"`. */
  readonly words: string;
  /** Of a tool that goes on applying it, so that two would write it in turns. */
  readonly applies: "argocd" | "helm" | "nobody known";
}

/**
 * The objects that a plan would write and that are another's: what it creates must not be there without this program's
 * label, and nothing that it writes may be tracked by ArgoCD or Helm. With server-side apply a creation over an object
 * that exists is no error, so nobody else would tell.
 *
 * @param changes - of a preview; patches of what belongs to others by nature (ServiceAccountPatch) are passed over.
 */
export async function foreignInKubernetes(
  changes: readonly Change[],
  stackName: string,
  cluster: Cluster,
): Promise<readonly Finding[]> {
  const kinds = new Kinds(cluster);
  const written = changes.filter(
    ({ operation, type, object }) =>
      ["create", "update", "replace"].includes(operation) &&
      type.startsWith("kubernetes:") &&
      !type.endsWith("Patch") &&
      object !== undefined,
  );
  const found = await Promise.all(
    written.map((change) => {
      const { stage, object: at = change.name } = change;
      const run = () => lookAt(change, { kinds, stackName, cluster });
      return look({ stage, at, of: "the cluster", run });
    }),
  );
  return found.filter((finding) => finding !== undefined);
}

async function lookAt(
  { operation, type, object = "", stage }: Change,
  { kinds, stackName, cluster }: { readonly kinds: Kinds; readonly stackName: string; readonly cluster: Cluster },
): Promise<Finding | undefined> {
  const path = await kinds.pathOf(type, object);
  const there = path === undefined ? undefined : await cluster.find(path);
  const owner = there === undefined ? undefined : ownerOf(there);
  if (owner === undefined || (operation !== "create" && owner.applies === "nobody known")) return undefined;
  const kind = type.split(":").at(-1) ?? type;
  return {
    code: "object-has-owner",
    stage,
    severity: "error",
    subject: object,
    problem: `${kind} ${object} belongs to ${owner.words}; the stack ${stackName} of this program would write it, too`,
    fix: letGo(owner, stackName, { apiVersion: there?.apiVersion ?? "v1", kind, object }, cluster.context),
  };
}

/** @returns `undefined` for what this program made, an earlier run that was cut among it. */
export function ownerOf(there: KubernetesObject): Owner | undefined {
  const { metadata } = there;
  const { annotations = {}, labels = {} } = metadata;
  const tracking = annotations["argocd.argoproj.io/tracking-id"];
  if (tracking !== undefined) {
    return { words: `the ArgoCD application "${tracking.split(":")[0] ?? tracking}"`, applies: "argocd" };
  }
  const release = annotations["meta.helm.sh/release-name"];
  if (release !== undefined) return { words: `the Helm release "${release}"`, applies: "helm" };
  // ArgoCD's older way, and every chart's habit: which of the two, the label does not tell
  const instance = labels["app.kubernetes.io/instance"];
  if (instance !== undefined) {
    return { words: `"${instance}" of ArgoCD or Helm (label app.kubernetes.io/instance)`, applies: "argocd" };
  }
  if (isOurs(there)) return undefined;
  const manager = managersOf(metadata).find(({ subresource }) => subresource === undefined)?.manager;
  const words = /^pulumi-kubernetes(-|$)/.test(manager ?? "") ? "another Pulumi program" : "somebody else";
  return {
    words: manager === undefined ? words : `${words} (written by "${manager}")`,
    applies: "nobody known",
  };
}

/**
 * By its label, which also an object has that ArgoCD applies from this program's YAML, or by its field manager where
 * somebody removed the label. The manager `pulumi-kubernetes` says nothing: every Pulumi program creates objects as it,
 * this one too where it may not update existing objects.
 */
export function isOurs({ metadata }: { readonly metadata: Marks }): boolean {
  const { labels = {} } = metadata;
  return (
    Object.entries(ourLabels).every(([label, value]) => labels[label] === value) ||
    managersOf(metadata).some(({ manager }) => manager === fieldManager)
  );
}

/** Of an object's metadata, what tells who made it. */
interface Marks {
  readonly labels?: Readonly<Record<string, string>>;
  readonly managedFields?: unknown;
}

interface ManagedFields {
  readonly manager?: string;
  /** Such as `status`: of a controller, which owns nothing that this program writes. */
  readonly subresource?: string;
}

function managersOf({ managedFields = [] }: Marks): readonly ManagedFields[] {
  return managedFields as readonly ManagedFields[];
}

function letGo({ applies }: Owner, stackName: string, named: NamedObject, context: string): string {
  if (applies !== "nobody known") {
    return `one of the two lets go: delivery "gitops" in environments/${stackName}.ts with ameide-secrets render --stack ${stackName}, or take it out of ${applies === "helm" ? "the release" : "the application"} without pruning it, and its tracking annotations and labels off`;
  }
  return `if nobody writes it any more, hand it over: ${handOver(named, context)}`;
}

/** An object of the cluster, as a person names it. */
export interface NamedObject {
  readonly apiVersion: string;
  readonly kind: string;
  /** `namespace/name`, or the name of what has no namespace. */
  readonly object: string;
}

/** The command that hands an object over; see {@link handedOver}. */
export function handOver({ apiVersion, kind, object }: NamedObject, context: string): string {
  const [namespace, name] = object.includes("/") ? object.split("/") : [undefined, object];
  const where = namespace === undefined ? "" : ` -n ${namespace}`;
  return `kubectl --context ${context}${where} patch ${kind.toLowerCase()} ${name} --type=merge -p '${JSON.stringify(handedOver(apiVersion))}'`;
}

/**
 * A merge patch that makes an object this program's: its label, and no other field anybody's, since to server-side apply a
 * field that another manager owns is a conflict. The list must name somebody: an empty one is filled at the next apply, with
 * a manager that nobody is.
 *
 * @see https://kubernetes.io/docs/reference/using-api/server-side-apply/#clearing-managedfields
 */
export function handedOver(apiVersion: string) {
  const [label = ""] = Object.keys(ourLabels);
  const fieldsV1 = { "f:metadata": { "f:labels": { [`f:${label}`]: {} } } };
  const owner = { manager: fieldManager, operation: "Apply", apiVersion, fieldsType: "FieldsV1", fieldsV1 };
  return { metadata: { labels: ourLabels, managedFields: [owner] } };
}

interface ApiResources {
  readonly resources: readonly { readonly name: string; readonly kind: string; readonly namespaced: boolean }[];
}

/** Paths of objects by their type in Pulumi, by the cluster's own list of what it serves; one look a group and version. */
export class Kinds {
  readonly #cluster: Cluster;
  readonly #served = new Map<string, Promise<ApiResources | undefined>>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** @returns `undefined` where the cluster does not serve the kind: then there is none of it either. */
  async pathOf(type: string, object: string): Promise<string | undefined> {
    const [, groupVersion = "", kind = ""] = type.split(":");
    const api = groupVersion.startsWith("core/")
      ? `/api/${groupVersion.slice("core/".length)}`
      : `/apis/${groupVersion}`;
    const served = this.#served.get(api) ?? this.#cluster.find<ApiResources>(api);
    this.#served.set(api, served);
    const resource = (await served)?.resources.find((one) => one.kind === kind && !one.name.includes("/"));
    if (resource === undefined) return undefined;
    const [namespace, name] = object.includes("/") ? object.split("/") : [undefined, object];
    return resource.namespaced
      ? `${api}/namespaces/${namespace ?? "default"}/${resource.name}/${name}`
      : `${api}/${resource.name}/${name}`;
  }
}
