import { z } from "zod";
import { AzureError } from "./azure-error.ts";
import type { AzureContext } from "./context.ts";
import type { AzureAnswer } from "./http.ts";

/** One call of Resource Manager, as a resource type's handler sees it. */
export interface ArmCall {
  readonly context: AzureContext;
  /** The resource's id, as the caller spells it. */
  readonly id: string;
  /** Parts of the id that the route names, such as `group` and `vault`. */
  readonly names: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: unknown;
}

type ArmHandler = (call: ArmCall) => AzureAnswer | Promise<AzureAnswer>;

export interface ArmRoute {
  /** Over the decoded path, case-insensitive, with named groups. */
  readonly path: RegExp;
  /** What the counters call it, such as `vaults`. */
  readonly kind: string;
  /** By method. */
  readonly handlers: Readonly<Record<string, ArmHandler | undefined>>;
}

/** @param path - such as `/subscriptions/:subscription/resourceGroups/:group`; `:scope*` spans slashes. */
export function armRoute(path: string, kind: string, handlers: ArmRoute["handlers"]): ArmRoute {
  const source = path.replace(
    /:(\w+)(\*?)/g,
    (_match, name: string, star: string) => `(?<${name}>${star === "" ? "[^/]+" : ".+"})`,
  );
  return { path: new RegExp(`^${source}$`, "i"), kind, handlers };
}

/** A resource type that Resource Manager lists, reads, writes and deletes. */
interface ArmType<T> {
  /** Of one resource; its collection is one part shorter. */
  readonly path: string;
  readonly kind: string;
  list(call: ArmCall): readonly T[];
  find(call: ArmCall): T | undefined;
  notFound(call: ArmCall): AzureError;
  put(call: ArmCall, before: T | undefined): T | Promise<T>;
  /** @returns the answer's body. @default - the type cannot be deleted here */
  remove?(call: ArmCall, resource: T): unknown;
  document(resource: T, call: ArmCall): unknown;
}

export function armRoutes<T>(type: ArmType<T>): ArmRoute[] {
  const { path, kind } = type;
  return [
    armRoute(path.slice(0, path.lastIndexOf("/")), kind, {
      GET: (call) => ({
        status: 200,
        body: { value: type.list(call).map((resource) => type.document(resource, call)) },
      }),
    }),
    armRoute(path, kind, {
      GET: (call) => {
        const resource = type.find(call);
        if (resource === undefined) throw type.notFound(call);
        return { status: 200, body: type.document(resource, call) };
      },
      PUT: async (call) => {
        const before = type.find(call);
        const resource = await type.put(call, before);
        return { status: before === undefined ? 201 : 200, body: type.document(resource, call) };
      },
      ...(type.remove !== undefined && {
        DELETE: async (call) => {
          const resource = type.find(call);
          return resource === undefined ? { status: 204 } : { status: 200, body: await type.remove?.(call, resource) };
        },
      }),
    }),
  ];
}

/** Those with an id below the scope. */
export function within<T extends { readonly id: string }>(all: ReadonlyMap<string, T>, scope: string): T[] {
  return [...all.values()].filter(({ id }) => id.toLowerCase().startsWith(`${scope.toLowerCase()}/`));
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
export function requireResourceGroup(call: ArmCall): void {
  const { subscription = "", group = "" } = call.names;
  const id = `/subscriptions/${subscription}/resourceGroups/${group}`;
  if (!call.context.state.resourceGroups.has(id.toLowerCase())) throw groupNotFound(call);
}

export function groupNotFound({ names }: ArmCall): AzureError {
  return AzureError.arm(404, "ResourceGroupNotFound", `Resource group '${names["group"] ?? ""}' could not be found.`);
}

/** @throws AzureError 404 ResourceGroupNotFound. */
export function resourceNotFound(call: ArmCall, type: string, name: string): AzureError {
  requireResourceGroup(call);
  const message =
    `The Resource '${type}/${name}' under resource group '${call.names["group"] ?? ""}' was not found. For more details please ` +
    "go to https://aka.ms/ARMResourceNotFoundFix";
  return AzureError.arm(404, "ResourceNotFound", message);
}

/** Azure takes `West Europe` and says `westeurope`. */
export const armLocation = z.string().transform((location) => location.replaceAll(" ", "").toLowerCase());

export const armTags = z.record(z.string(), z.string()).optional();
