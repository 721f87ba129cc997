import type { Cluster } from "../../clients/kubernetes.ts";
import type { ObjectMetadata } from "../../diagnose/observe/kubernetes-list.ts";
import { renderManifests } from "../../domain/manifests/render.ts";
import { trackingOf } from "../../domain/move-in/argocd.ts";
import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import { UserError } from "../../domain/user-error.ts";
import { listed } from "../table.ts";
import type { StateResource } from "./engine/state.ts";
import { isGitops, LiveObjects } from "./ownership/kubernetes-objects.ts";

/**
 * The Kubernetes objects in the state of a stack that was switched to `delivery: gitops`. The program no longer has them,
 * so the next update would delete them, live stores and logins included. They must leave the state instead, and ArgoCD
 * must apply what `render` writes of them first; anything else, such as the `-sync` Job, stays, and nothing applies it.
 *
 * @returns URN to title, such as `CronJob ameide-dev/vault-bootstrap`; none with `delivery: pulumi`.
 * @throws UserError `delivery-switched` with the objects that ArgoCD does not apply yet.
 */
export async function releasedObjects(
  stack: EnvironmentStack,
  resources: readonly StateResource[],
  cluster: Cluster,
): Promise<ReadonlyMap<string, string>> {
  const held = isGitops(stack) ? resources.filter(isApplied) : [];
  const rendered = new Set(
    held.length === 0
      ? []
      : renderManifests(stack, { clientId: "" }).map(({ object: { kind, metadata } }) => titleOf(kind, metadata)),
  );
  const { argocdApplications: named = [] } = stack.cluster;
  const live = new LiveObjects(cluster);
  const isTracked = async (type: string, object: string): Promise<boolean> => {
    const found = await live.find(type, object);
    const { by = "helm", application = "" } = (found && trackingOf(found)) ?? {};
    return by !== "helm" && (named.length === 0 || named.includes(application));
  };
  const titles = new Map<string, string>();
  const waiting = new Set<string>();
  for (const { urn, type: registered, inputs } of held) {
    const type = registered.replace(/Patch$/, ""); // of an object that exists without this program
    const title = titleOf(type.split(":").at(-1) ?? type, inputs?.["metadata"] as ObjectMetadata);
    titles.set(urn, title);
    const [, object = ""] = title.split(" ");
    if (rendered.has(title) && !(await isTracked(type, object))) waiting.add(title);
  }
  if (waiting.size === 0) return titles;
  throw UserError.of(
    "delivery-switched",
    `delivery of ${stack.name} is "gitops" now, and ArgoCD does not apply ${waiting.size} object(s) that this stack applied until now: ${listed([...waiting].toSorted())}; this update would delete them`,
    `let ArgoCD apply them first, as in the step commit of move-in; after it has synced, up removes them from the state and deletes none (delivery: "pulumi" reverts the switch): ameide-secrets move-in --stack ${stack.name}`,
  );
}

/** A namespace that this program creates stays its own in either way. */
function isApplied({ type, custom, delete: isPending }: StateResource): boolean {
  return custom === true && isPending !== true && type.startsWith("kubernetes:") && !type.endsWith(":Namespace");
}

function titleOf(kind: string, { name, namespace }: Pick<ObjectMetadata, "name" | "namespace">): string {
  return `${kind} ${namespace === undefined ? name : `${namespace}/${name}`}`;
}
