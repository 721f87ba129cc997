import { environmentNames } from "../domain/stage.ts";
import { text } from "./subject/reading.ts";
import type { Subject } from "./subject/subject.ts";

export const places = [...environmentNames, "shared"] as const;

/** Where a resource goes; `shared` is used by all environments and is as strict as prod. */
export type Place = (typeof places)[number];

/** `name` in Pulumi.yaml. */
const ownProject = "ameide-secrets";

function isPlace(name: string): name is Place {
  return (places as readonly string[]).includes(name);
}

/** Where a stack's resources go. A stack of another name is judged as strictly as prod. */
export function placeOfStack(stack: string): Place {
  return isPlace(stack) ? stack : "prod";
}

/** @param urn - `urn:pulumi:<stack>::<project>::<type>::<name>`. */
export function placeOfUrn(urn: string): Place {
  return placeOfStack(/^urn:pulumi:([^:]+)::/.exec(urn)?.[1] ?? "");
}

export function isOwnUrn(urn: string): boolean {
  return urn.split("::")[1] === ownProject;
}

/** `ameide-dev` is dev; another namespace says nothing. */
export function placeOfNamespace(namespace: string | undefined): Place | undefined {
  const name = namespace?.replace(/^ameide-/, "");
  return name !== undefined && name !== namespace && isPlace(name) ? name : undefined;
}

/** The environment of a Kubernetes object's namespace, or else of its stack. @throws Undecided */
export function environmentOf({ object }: Subject, { place }: { readonly place: Place }): Place {
  return placeOfNamespace(text(object, "metadata", "namespace")) ?? place;
}
