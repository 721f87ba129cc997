import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { importState, pulumiCli } from "./stack.ts";

/** What is read and written of a resource in an exported state; the rest of it goes through as it is. */
export interface ExportedResource {
  readonly urn: string;
  readonly dependencies?: readonly string[];
  readonly propertyDependencies?: Readonly<Record<string, readonly string[] | null>>;
}

/**
 * The resources without these, and without any mention of them. `pulumi state delete` refuses a resource that others
 * depend on, or takes the others along.
 */
export function withoutResources<T extends ExportedResource>(resources: readonly T[], urns: ReadonlySet<string>): T[] {
  const others = (list: readonly string[] | null) => (list ?? []).filter((urn) => !urns.has(urn));
  return resources
    .filter(({ urn }) => !urns.has(urn))
    .map((resource) => ({
      ...resource,
      ...(resource.dependencies === undefined ? {} : { dependencies: others(resource.dependencies) }),
      ...(resource.propertyDependencies === undefined
        ? {}
        : {
            propertyDependencies: Object.fromEntries(
              Object.entries(resource.propertyDependencies).map(([property, list]) => [property, others(list)]),
            ),
          }),
    }));
}

/** Takes resources out of a stack's state, protected ones too; what they stand for stays as it is. Secrets stay encrypted. */
export async function forgetResources(stack: Stack, urns: ReadonlySet<string>): Promise<void> {
  const { version, deployment } = JSON.parse(await pulumiCli(stack, ["stack", "export"])) as {
    readonly version: number;
    readonly deployment: { readonly resources?: readonly ExportedResource[] };
  };
  const resources = withoutResources(deployment.resources ?? [], urns);
  await importState(stack, { version, deployment: { ...deployment, resources } });
}
