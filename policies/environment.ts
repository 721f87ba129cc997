import { environmentNames } from "../domain/stage.ts";
import { text } from "./subject/reading.ts";
import type { Subject } from "./subject/subject.ts";

export const policyEnvironments = [...environmentNames, "shared"] as const;

/** Where a resource goes; `shared` is used by all environments and is as strict as prod. */
export type PolicyEnvironment = (typeof policyEnvironments)[number];

/** `name` in Pulumi.yaml. */
const ownProject = "ameide-secrets";

function isPolicyEnvironment(name: string): name is PolicyEnvironment {
  return (policyEnvironments as readonly string[]).includes(name);
}

/** Where a stack's resources go. A stack of another name is judged as strictly as prod. */
export function environmentOfStack(stack: string): PolicyEnvironment {
  return isPolicyEnvironment(stack) ? stack : "prod";
}

/** @param urn - `urn:pulumi:<stack>::<project>::<type>::<name>`. */
export function environmentOfUrn(urn: string): PolicyEnvironment {
  return environmentOfStack(/^urn:pulumi:([^:]+)::/.exec(urn)?.[1] ?? "");
}

export function isOwnUrn(urn: string): boolean {
  return urn.split("::")[1] === ownProject;
}

/** `ameide-dev` is dev; another namespace says nothing. */
export function environmentOfNamespace(namespace: string | undefined): PolicyEnvironment | undefined {
  const name = namespace?.replace(/^ameide-/, "");
  return name !== undefined && name !== namespace && isPolicyEnvironment(name) ? name : undefined;
}

/** The environment of a Kubernetes object's namespace, or else of its stack. @throws Undecided */
export function environmentOf(
  { object }: Subject,
  { environment }: { readonly environment: PolicyEnvironment },
): PolicyEnvironment {
  return environmentOfNamespace(text(object, "metadata", "namespace")) ?? environment;
}
