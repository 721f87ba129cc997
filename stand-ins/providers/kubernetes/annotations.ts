import { mapAt, stringAt, type PropertyMap } from "../property-value.ts";

/**
 * The annotations by which a program steers the Kubernetes provider.
 * @see https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/managing-resources-with-server-side-apply/
 */
export const annotations = {
  autonamed: "pulumi.com/autonamed",
  patchFieldManager: "pulumi.com/patchFieldManager",
  patchForce: "pulumi.com/patchForce",
  replaceUnready: "pulumi.com/replaceUnready",
  skipAwait: "pulumi.com/skipAwait",
  timeoutSeconds: "pulumi.com/timeoutSeconds",
  waitFor: "pulumi.com/waitFor",
} as const;

export function annotation(inputs: PropertyMap, name: keyof typeof annotations): string | undefined {
  return stringAt(mapAt(mapAt(inputs, "metadata"), "annotations"), annotations[name]);
}

export function isSet(inputs: PropertyMap, name: keyof typeof annotations): boolean {
  return annotation(inputs, name) === "true";
}

/** customTimeouts of the program before the annotation before the provider's own default, in milliseconds. */
export function timeoutInMilliseconds(
  inputs: PropertyMap,
  asked: number | undefined,
  defaultInSeconds: number,
): number {
  const annotated = Number(annotation(inputs, "timeoutSeconds"));
  return (asked ?? (annotated > 0 ? annotated : defaultInSeconds)) * 1000;
}
