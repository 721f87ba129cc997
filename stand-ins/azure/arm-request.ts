import { z } from "zod";
import { AzureError } from "./azure-error.ts";
import type { AzureContext } from "./context.ts";
import type { AzureAnswer } from "./http.ts";

/** One call of Resource Manager, as a resource type's handler sees it. */
export interface ArmCall {
  readonly context: AzureContext;
  readonly method: string;
  /** The resource's id, as the caller spells it. */
  readonly id: string;
  /** Parts of the id that the route names, such as `group` and `vault`. */
  readonly names: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: unknown;
}

/** @returns `undefined` where the type knows no such method. */
export type ArmHandler = (call: ArmCall) => AzureAnswer | undefined | Promise<AzureAnswer | undefined>;

export interface ArmRoute {
  /** Over the decoded path, case-insensitive, with named groups. */
  readonly path: RegExp;
  /** A literal is enough: what the counters call it, such as `vaults`. */
  readonly kind: string;
  readonly handle: ArmHandler;
}

/** @param path - such as `/subscriptions/:subscription/resourceGroups/:group`; `:scope*` spans slashes. */
export function armRoute(path: string, kind: string, handle: ArmHandler): ArmRoute {
  const source = path.replace(
    /:(\w+)(\*?)/g,
    (_match, name: string, star: string) => `(?<${name}>${star === "" ? "[^/]+" : ".+"})`,
  );
  return { path: new RegExp(`^${source}$`, "i"), kind, handle };
}

/** @throws AzureError 400 InvalidRequestContent that names what is wrong, never what was sent. */
export function parseBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message }) => `${path.map(String).join(".")}: ${message}`).join("; ");
  throw AzureError.arm(
    400,
    "InvalidRequestContent",
    `The request content was invalid and could not be deserialized: '${issues}'.`,
  );
}

/** @throws AzureError 404 ResourceGroupNotFound. */
export function requireResourceGroup({ context, names }: ArmCall): void {
  const id = resourceGroupId(names).toLowerCase();
  if (context.state.resourceGroups.has(id)) return;
  throw AzureError.arm(404, "ResourceGroupNotFound", `Resource group '${names["group"] ?? ""}' could not be found.`);
}

function resourceGroupId(names: Readonly<Record<string, string>>): string {
  return `/subscriptions/${names["subscription"] ?? ""}/resourceGroups/${names["group"] ?? ""}`;
}

/** @throws AzureError 404 ResourceNotFound, in Resource Manager's words. */
export function found<T>(resource: T | undefined, type: string, { names }: ArmCall, name: string): T {
  if (resource !== undefined) return resource;
  const message =
    `The Resource '${type}/${name}' under resource group '${names["group"] ?? ""}' was not found. For more details please ` +
    "go to https://aka.ms/ARMResourceNotFoundFix";
  throw AzureError.arm(404, "ResourceNotFound", message);
}

/** Azure takes `West Europe` and says `westeurope`. */
export const armLocation = z.string().transform((location) => location.replaceAll(" ", "").toLowerCase());

export const armTags = z.record(z.string(), z.string()).optional();
