import { createHash } from "node:crypto";
import {
  isMap,
  keepSecrets,
  mapAt,
  secret,
  SecretProperty,
  stringAt,
  type JsonObject,
  type PropertyMap,
} from "../property-value.ts";
import { annotation } from "./annotations.ts";
import type { KubeObject } from "./kube-object.ts";
import { isBuiltIn } from "./known-kinds.ts";

const fieldManagerKey = "__fieldManager";

/**
 * The name by which server-side apply knows this resource's fields. Drawn from the URN, unlike the real provider's
 * random one: so an update that was killed between the object and its state finds its own object again.
 */
export function fieldManagerOf(urn: string, inputs: PropertyMap, oldOutputs: PropertyMap = {}): string {
  const named = annotation(inputs, "patchFieldManager") ?? stringAt(oldOutputs, fieldManagerKey);
  return named ?? `pulumi-kubernetes-${createHash("sha256").update(urn).digest("hex").slice(0, 8)}`;
}

/** What state holds of an object: the live one, with secret inputs still secret in it. */
export function outputsOf(live: JsonObject, inputs: PropertyMap, fieldManager: string): PropertyMap {
  const outputs = keepSecrets(live, inputs);
  const own = { [fieldManagerKey]: fieldManager };
  return live["kind"] === "Secret" ? { ...markSecretData(outputs, inputs), ...own } : { ...outputs, ...own };
}

/** The API server turns `stringData` into `data`; what was secret in one is secret in the other. */
function markSecretData(outputs: PropertyMap, inputs: PropertyMap): PropertyMap {
  const data = outputs["data"];
  const stringData = inputs["stringData"];
  if (data === undefined || stringData === undefined) return outputs;
  if (stringData instanceof SecretProperty || !isMap(stringData)) return { ...outputs, data: secret(data) };
  return isMap(data) ? { ...outputs, data: keepSecrets(data, stringData) } : outputs;
}

const serverSet = new Set(["creationTimestamp", "generation", "managedFields", "resourceVersion", "uid", "selfLink"]);

/** Inputs of an object that is imported: all of it but what the server sets; of a custom resource, only its name. */
export function importedInputs(live: KubeObject): PropertyMap {
  const { status: _, ...rest } = live as JsonObject;
  const { apiVersion, kind } = live;
  const { name, namespace, ...more } = mapAt(live, "metadata");
  const identity = { name: name ?? "", ...(namespace !== undefined && { namespace }) };
  if (!isBuiltIn(apiVersion)) return { apiVersion, kind, metadata: identity };
  const metadata = Object.entries(more).filter(([key]) => !serverSet.has(key));
  return { ...(rest as PropertyMap), metadata: { ...identity, ...Object.fromEntries(metadata) } };
}
