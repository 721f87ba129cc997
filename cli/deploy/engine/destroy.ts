import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { watched, type RunResult } from "./deploy.ts";
import { readExport } from "./stack.ts";

/** One resource of a stack that outlives its destruction. */
export interface Staying {
  readonly urn: string;
  readonly name: string;
  readonly type: string;
  /** `protected`: stays in the stack as well. `retained`: leaves the stack, and is left in place. */
  readonly because: "protected" | "retained";
}

interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly custom?: boolean;
  readonly delete?: boolean;
  readonly protect?: boolean;
  readonly retainOnDelete?: boolean;
}

/** What of the stack's state outlives {@link destroyStack}. */
export async function stayingResources(stack: Stack): Promise<readonly Staying[]> {
  const { resources = [] } = (await readExport(stack)) as { readonly resources?: readonly StateResource[] };
  return resources
    .filter(({ custom, delete: pending }) => custom === true && pending !== true)
    .flatMap(({ urn, type, protect, retainOnDelete }): readonly Staying[] => {
      if (protect !== true && retainOnDelete !== true) return [];
      const name = urn.slice(urn.lastIndexOf("::") + 2);
      return [{ urn, name, type, because: protect === true ? "protected" : "retained" }];
    });
}

/**
 * Deletes what the stack holds and nothing protects; never lifts a protection.
 *
 * @param options.preview - changes nothing.
 * @returns what goes; what is only retained is not among it.
 * @throws UserError with the engine's own words.
 */
export async function destroyStack(
  stack: Stack,
  { preview, signal }: { readonly preview: boolean; readonly signal: AbortSignal },
): Promise<Pick<RunResult, "changes">> {
  const retained = new Set((await stayingResources(stack)).map(({ urn }) => urn));
  const { changes } = await watched("destroy", stack, { signal }, async ({ listen: onEvent }) => {
    const options = {
      excludeProtected: true,
      signal,
      onEvent,
      color: "never" as const,
      suppressProgress: true,
      onOutput: () => {},
      onError: () => {},
    };
    await (preview ? stack.previewDestroy(options) : stack.destroy(options));
  });
  return { changes: changes.filter(({ urn }) => !retained.has(urn)) };
}
