import { KubernetesError } from "../../../clients/kubernetes.ts";
import type { Json, JsonObject } from "../property-value.ts";
import type { KubeObject } from "./kube-object.ts";

/**
 * Server-side apply refuses a field that the kind does not have. The real provider never sends one: it converts built-in
 * kinds to Go's types, and creates custom resources without server-side apply.
 *
 * @returns the object without that field; undefined if the error is another one.
 */
export function withoutUndeclaredField(object: KubeObject, error: unknown): KubeObject | undefined {
  const path = error instanceof KubernetesError && /: (\.\S+): field not declared in schema/.exec(error.message)?.[1];
  if (typeof path !== "string") return undefined;
  // `.spec.containers[name="main"].bogus`
  const steps = [...path.matchAll(/\.([^.[]+)|\[(\w+)="([^"]*)"\]|\[(\d+)\]/g)];
  const field = steps.pop()?.[1];
  const copy = structuredClone(object);
  let parent: Json | undefined = copy;
  for (const [, name, key = "", value, index] of steps) {
    if (Array.isArray(parent)) {
      parent = index === undefined ? parent.find((item) => (item as JsonObject)[key] === value) : parent[Number(index)];
    } else {
      parent = name === undefined ? undefined : (parent as JsonObject | undefined)?.[name];
    }
  }
  if (field === undefined || typeof parent !== "object" || parent === null || !(field in parent)) return undefined;
  Reflect.deleteProperty(parent, field);
  return copy;
}
