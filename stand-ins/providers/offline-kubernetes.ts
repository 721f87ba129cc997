import { inputDiff } from "./property-diff.ts";
import { isList, isMap, type PropertyMap, type PropertyValue } from "./property-value.ts";
import { plannedType, type ResourceType } from "./typed-provider.ts";

const identity = ["metadata.name", "metadata.namespace"];

/** Immutable fields of the kinds that this program registers. @see https://github.com/pulumi/pulumi-kubernetes/blob/master/provider/pkg/provider/diff.go */
const immutable: Readonly<Record<string, readonly string[]>> = {
  ClusterRoleBinding: ["roleRef"],
  ConfigMap: ["binaryData", "data", "immutable"],
  Job: ["spec.completions", "spec.parallelism", "spec.selector", "spec.template"],
  RoleBinding: ["roleRef"],
};

/**
 * A Kubernetes object in a plan that must reach no cluster, although a kubeconfig names one.
 *
 * @param token - such as `kubernetes:batch/v1:Job`.
 */
export function offlineKubernetesType(token: string): ResourceType<never> {
  const replaceAt = [...identity, ...(immutable[token.split(":").at(-1) ?? ""] ?? [])];
  return {
    ...plannedType,
    diff: ({ oldInputs, inputs, ignoreChanges }) =>
      inputDiff(
        { oldInputs: withoutEmptyLists(oldInputs), inputs: withoutEmptyLists(inputs), ignoreChanges },
        replaceAt,
      ),
  };
}

/** The real provider drops empty lists of built-in kinds, so an exported state has none. */
function withoutEmptyLists(map: PropertyMap): PropertyMap {
  const kept = Object.entries(map).filter(([, value]) => !isList(value) || value.length > 0);
  return Object.fromEntries(kept.map(([key, value]) => [key, withoutEmptyListsIn(value)]));
}

function withoutEmptyListsIn(value: PropertyValue): PropertyValue {
  if (isList(value)) return value.map(withoutEmptyListsIn);
  return isMap(value) ? withoutEmptyLists(value) : value;
}
