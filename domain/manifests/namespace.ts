import type { EnvironmentStack } from "../plan/environment.ts";
import { ourLabels } from "./marks.ts";

/** The environment's namespace and those that receive secrets from it; empty but in `local`, where they do not exist yet. */
export function namespaces({ namespace, plan, strictness }: EnvironmentStack) {
  if (!strictness.makesNamespaces) return [];
  const names = new Set([namespace, ...plan.stores.map((store) => store.namespace)]);
  return [...names].map((name) => ({
    apiVersion: "v1" as const,
    kind: "Namespace" as const,
    metadata: { name, labels: ourLabels },
  }));
}
