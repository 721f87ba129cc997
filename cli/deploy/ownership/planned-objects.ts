import { renderManifests, type Manifest } from "../../../domain/manifests/render.ts";
import type { EnvironmentStack } from "../../../domain/plan/environment.ts";
import type { Cluster } from "../../../clients/kubernetes.ts";
import { stageOf, type Change } from "../engine/run-log.ts";
import { isOurs, Kinds } from "./kubernetes-objects.ts";

/**
 * What an update of a stack would do to each Kubernetes object, for a program that knows neither its state nor a preview:
 * an object that does not exist, or that something else made, would be created; one of this program's own is kept or
 * updated. The `-sync` Job is not among them: nothing knows its name before an update.
 */
export async function plannedObjects(stack: EnvironmentStack, cluster: Cluster): Promise<readonly Change[]> {
  if (stack.strictness.delivery === "gitops") return [];
  const kinds = new Kinds(cluster);
  return Promise.all(
    renderManifests(stack, { clientId: "" }).map(async ({ object: manifest }) => {
      const { type, object } = typeAndObject(manifest);
      const path = await kinds.pathOf(type, object);
      const there = path === undefined ? undefined : await cluster.find(path);
      const operation = there === undefined || !isOurs(there) ? "create" : "update";
      return { operation, urn: "", type, name: object, object, stage: stageOf(type), differs: [] };
    }),
  );
}

/** As the engine writes them, such as `kubernetes:core/v1:ServiceAccount` and `ameide-dev/default`. */
function typeAndObject(manifest: Manifest) {
  const { apiVersion, kind, metadata } = manifest;
  const group = apiVersion.includes("/") ? apiVersion : `core/${apiVersion}`;
  // an account of the namespace, of which only the list of pull secrets is this program's
  const isPatch = kind === "ServiceAccount" && "imagePullSecrets" in manifest;
  return {
    type: `kubernetes:${group}:${kind}${isPatch ? "Patch" : ""}`,
    object: metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`,
  };
}
