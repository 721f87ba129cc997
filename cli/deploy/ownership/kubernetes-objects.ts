import type { EnvironmentStack, StackPlan } from "../../../domain/plan/environment.ts";
import { errorFinding, type Finding } from "../../../domain/finding.ts";
import { fieldManager, ourLabels } from "../../../domain/manifests/labels.ts";
import type { Cluster, KubernetesObject } from "../../../clients/kubernetes.ts";
import type { Change } from "../engine/change.ts";
import { instanceLabel, trackingOf } from "../../../domain/move-in/argocd.ts";
import { checkOf, type OwnershipCheck } from "./checks.ts";

export interface Owner {
  /** Such as `the ArgoCD application "foundation-secrets"`. */
  readonly title: string;
  /** The tool that keeps applying it, so that two would write it in turns. */
  readonly applies: "argocd" | "helm" | "unknown owner";
  readonly application?: string;
}

/**
 * With server-side apply, creating an object that exists is not an error, so nothing else would report its owner. ArgoCD or
 * Helm must track nothing that the plan writes, except with `delivery: gitops` (see {@link deliversRendered}). Patches of
 * objects that are never ours (ServiceAccountPatch) are skipped.
 */
export function objectChecks(
  changes: readonly Change[],
  plan: StackPlan,
  live: LiveObjects,
): readonly OwnershipCheck[] {
  return changes
    .filter(
      ({ operation, type, object }) =>
        ["create", "update", "replace"].includes(operation) &&
        type.startsWith("kubernetes:") &&
        !type.endsWith("Patch") &&
        object !== undefined,
    )
    .map((change) => checkOf(change, "the cluster", () => foreignObject(change, plan, live)));
}

async function foreignObject(
  { operation, type, object = "", stage }: Change,
  plan: StackPlan,
  live: LiveObjects,
): Promise<Finding | undefined> {
  const found = await live.find(type, object);
  const owner = found && ownerOf(found);
  if (found === undefined || owner === undefined || deliversRendered(plan, owner, found)) return undefined;
  if (operation !== "create" && owner.applies === "unknown owner") return undefined;
  const kind = type.split(":").at(-1) ?? type;
  const stackName = stackNameOf(plan);
  const writer = isGitops(plan)
    ? `ArgoCD would also write it, from what render writes for the stack ${stackName}`
    : `the stack ${stackName} of this program would also write it`;
  const named = { ...found, apiVersion: found.apiVersion ?? "v1", kind, object };
  const problem = `${kind} ${object} belongs to ${owner.title}; ${writer}`;
  return errorFinding("object-has-owner", stage, object, problem, release(owner, plan, named, live.cluster.context));
}

/** @returns `undefined` for what this program created, also in an earlier run that was interrupted. */
export function ownerOf(object: KubernetesObject): Owner | undefined {
  const tracking = trackingOf(object);
  if (tracking !== undefined) {
    const { application, by } = tracking;
    if (by === "helm") return { title: `the Helm release "${application}"`, applies: "helm" };
    const title = { annotation: `the ArgoCD application "${application}"`, label: `"${application}" of ArgoCD or Helm (label ${instanceLabel})` }[by]; // prettier-ignore
    return { title, applies: "argocd", application };
  }
  if (isOurs(object)) return undefined;
  const manager = managersOf(object.metadata).find(({ subresource }) => subresource === undefined)?.manager;
  const writer = /^pulumi-kubernetes(-|$)/.test(manager ?? "") ? "another Pulumi program" : "somebody else";
  return { title: manager === undefined ? writer : `${writer} (written by "${manager}")`, applies: "unknown owner" };
}

/**
 * With `delivery: gitops`, any application may track what has our label. If the stack file names the applications
 * (`cluster.argocdApplications`), only they may, and they may also replace what they apply today.
 */
function deliversRendered(plan: StackPlan, { application }: Owner, object: KubernetesObject): boolean {
  if (!isGitops(plan) || application === undefined) return false;
  const { argocdApplications: named = [] } = plan.cluster;
  return named.length === 0 ? isLabelled(object) : named.includes(application);
}

/**
 * By its label, which ArgoCD's objects from this program's YAML have as well, or by its field manager if somebody removed the
 * label. The manager `pulumi-kubernetes` proves nothing: every Pulumi program creates objects as it.
 */
export function isOurs(object: { readonly metadata: Marks }): boolean {
  return isLabelled(object) || managersOf(object.metadata).some(({ manager }) => manager === fieldManager);
}

function isLabelled({ metadata: { labels = {} } }: { readonly metadata: Marks }): boolean {
  return Object.entries(ourLabels).every(([label, value]) => labels[label] === value);
}

interface Marks {
  readonly labels?: Readonly<Record<string, string>>;
  readonly managedFields?: unknown;
}

/** A manager of a subresource, such as `status`, is a controller: it owns nothing that this program writes. */
function managersOf({ managedFields = [] }: Marks) {
  return managedFields as readonly { readonly manager?: string; readonly subresource?: string }[];
}

function release({ applies, application }: Owner, plan: StackPlan, named: NamedObject, context: string): string {
  if (applies === "unknown owner")
    return `if nothing else writes it any more, hand it over to this program: ${handOver(named, context)}`;
  const stack = stackNameOf(plan);
  const mine =
    application === undefined || !isGitops(plan)
      ? `only one of the two may write it: set delivery "gitops" in environments/${stack}.ts with ameide-secrets render --stack ${stack}`
      : `if this application applies what render writes, add it to cluster.argocdApplications in Pulumi.${stack}.yaml`;
  return `${mine}, or take it out of ${applies === "helm" ? "the release" : "the application"} without pruning it, and remove its tracking annotations and labels`;
}

export function isGitops(plan: StackPlan): plan is EnvironmentStack {
  return plan.kind === "environment" && plan.strictness.delivery === "gitops";
}

export function stackNameOf(plan: StackPlan): string {
  return plan.kind === "shared" ? plan.kind : plan.name;
}

export interface NamedObject {
  readonly apiVersion: string;
  readonly kind: string;
  /** `namespace/name`, or the name of what has no namespace. */
  readonly object: string;
  readonly spec?: unknown;
}

/** See {@link handedOver}. A CronJob is deleted: an apply would leave its former container running next to ours. */
export function handOver({ apiVersion, kind, object, spec }: NamedObject, context: string): string {
  const { name, namespace } = splitObject(object);
  const kubectl = `kubectl --context ${context}${namespace === undefined ? "" : ` -n ${namespace}`}`;
  if (kind === "CronJob") return `${kubectl} delete cronjob ${name}`;
  return `${kubectl} patch ${kind.toLowerCase()} ${name} --type=merge -p '${JSON.stringify(handedOver(apiVersion, spec))}'`;
}

/** @param object - `namespace/name`, or the name of what has no namespace. */
export function splitObject(object: string): { readonly name: string; readonly namespace: string | undefined } {
  const [name = object, namespace] = object.split("/").toReversed();
  return { name, namespace };
}

/**
 * A merge patch that gives this program an object: its label, and each field of its spec, so that the next apply removes those
 * that it does not set, such as a former way to log in. Nobody owns any other field, since a field of another manager is a
 * conflict for server-side apply. The list must not be empty: the next apply would fill it with a manager that nobody is.
 *
 * @param spec - of the live object; its lists are owned as a whole, which is right for ESO's kinds.
 * @see https://kubernetes.io/docs/reference/using-api/server-side-apply/#clearing-managedfields
 */
export function handedOver(apiVersion: string, spec?: unknown) {
  const [label = ""] = Object.keys(ourLabels);
  const fieldsV1 = { "f:metadata": { "f:labels": { [`f:${label}`]: {} } }, ...(spec !== undefined && { "f:spec": fieldsOf(spec) }) }; // prettier-ignore
  const owner = { manager: fieldManager, operation: "Apply", apiVersion, fieldsType: "FieldsV1", fieldsV1 };
  return { metadata: { labels: ourLabels, managedFields: [owner] } };
}

function fieldsOf(value: unknown): object {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([field, content]) => [`f:${field}`, fieldsOf(content)]));
}

interface ApiResources {
  readonly resources: readonly { readonly name: string; readonly kind: string; readonly namespaced: boolean }[];
}

/** Objects of one cluster by their type in Pulumi. Each object, and each list of what the cluster serves, is read once. */
export class LiveObjects {
  readonly cluster: Cluster;
  readonly #served = new Map<string, Promise<ApiResources | undefined>>();
  readonly #found = new Map<string, Promise<KubernetesObject | undefined>>();

  constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  /** @returns `undefined` if the object does not exist, or the cluster does not serve its kind. */
  find(type: string, object: string): Promise<KubernetesObject | undefined> {
    const key = `${type} ${object}`;
    const found = this.#found.get(key) ?? this.#read(type, object);
    this.#found.set(key, found);
    return found;
  }

  async #read(type: string, object: string): Promise<KubernetesObject | undefined> {
    const path = await this.pathOf(type, object);
    return path === undefined ? undefined : this.cluster.find(path);
  }

  async pathOf(type: string, object: string): Promise<string | undefined> {
    const [, groupVersion = "", kind = ""] = type.split(":");
    const api = groupVersion.startsWith("core/") ? groupVersion.replace("core", "/api") : `/apis/${groupVersion}`;
    const served = this.#served.get(api) ?? this.cluster.find<ApiResources>(api);
    this.#served.set(api, served);
    const resource = (await served)?.resources.find((one) => one.kind === kind && !one.name.includes("/"));
    if (resource === undefined) return undefined;
    const { name, namespace = "default" } = splitObject(object);
    const collection = resource.namespaced ? `namespaces/${namespace}/${resource.name}` : resource.name;
    return `${api}/${collection}/${name}`;
  }
}
