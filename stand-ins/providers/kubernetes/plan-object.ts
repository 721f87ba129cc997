import type { ApplyOptions } from "../../../clients/kubernetes.ts";
import { hasUnknown, toJsonObject, type PropertyMap } from "../property-value.ts";
import { applyOver } from "./apply.ts";
import { outputsOf } from "./checkpoint.ts";
import { isForbidden, isNotFound, UnknownKindError, type KubeClient } from "./kube-client.ts";
import type { KubeObject } from "./kube-object.ts";

/**
 * What an object would become, by a dry run; the inputs alone where the cluster cannot tell, as in the real provider.
 *
 * @throws Error with the API server's refusal, an admission policy's among them.
 */
export async function planObject(
  client: KubeClient,
  inputs: PropertyMap,
  options: Omit<ApplyOptions, "dryRun">,
): Promise<PropertyMap> {
  if (hasUnknown(inputs)) return inputs;
  try {
    const wanted = toJsonObject(inputs) as KubeObject;
    return outputsOf(await applyOver(client, wanted, { ...options, dryRun: true }), inputs, options.fieldManager);
  } catch (error) {
    // Its namespace or definition may be made by this very update; and who may not dry-run may still plan.
    if (error instanceof UnknownKindError || isNotFound(error) || isForbidden(error)) return inputs;
    throw error;
  }
}
