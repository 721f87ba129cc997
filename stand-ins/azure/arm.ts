import { z } from "zod";
import { AzureError, type AzureAnswer } from "./answer.ts";
import type { AzureContext } from "./context.ts";
import type { Keyed } from "./keyed.ts";

export interface ArmCall {
  readonly context: AzureContext;
  /** Of the resource or the collection, in the caller's spelling. */
  readonly id: string;
  readonly name: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
}

interface ArmDefinition<T> {
  /** Such as `Microsoft.KeyVault/vaults/secrets`. */
  readonly type: string;
  /** Of one resource's id: `*` matches one part, `**` any number; the collection's path is one part shorter. */
  readonly path: string;
  readonly items: (call: ArmCall) => Keyed<T>;
  /** @default - the id */
  readonly keyOf?: (call: ArmCall) => string;
  /** @default - those with a key below the collection's parent */
  readonly select?: (call: ArmCall, items: Keyed<T>) => readonly T[];
  readonly put: (call: ArmCall, before: T | undefined) => T | Promise<T>;
  /** @returns the answer's body. @default - the type cannot be deleted here */
  readonly remove?: (call: ArmCall, resource: T) => unknown;
  /** @default - ResourceNotFound, or ResourceGroupNotFound */
  readonly notFound?: (call: ArmCall) => AzureError;
  document(resource: T, call: ArmCall): object;
}

export interface ArmType {
  /** Name in the counters, such as `vaults`. */
  readonly kind: string;
  readonly path: RegExp;
  /** @returns `undefined` for an operation that the type does not have. */
  answer(method: string, call: ArmCall): Promise<AzureAnswer | undefined>;
}

export function armType<T>(kind: string, definition: ArmDefinition<T>): ArmType {
  const { type, path, items, put, remove, keyOf = ({ id }) => id } = definition;
  const { select = ({ id }, all) => all.below(id), notFound = (call) => resourceNotFound(call, type) } = definition;
  const collection = path.slice(0, path.lastIndexOf("/"));
  const pattern = (ids: string) => new RegExp(`^(?:${ids.replaceAll("**", ".+").replaceAll("*", "[^/]+")})$`, "i");
  const one = pattern(path);
  const show = (resource: T, call: ArmCall) => ({ type, ...definition.document(resource, call) });
  return {
    kind,
    path: pattern(`${path}|${collection}`),
    async answer(method, call) {
      const all = items(call);
      if (!one.test(call.id)) {
        const value = select(call, all).map((resource) => show(resource, call));
        return method === "GET" ? { status: 200, body: { value } } : undefined;
      }
      const found = all.get(keyOf(call));
      if (method === "GET") {
        if (found === undefined) throw notFound(call);
        return { status: 200, body: show(found, call) };
      }
      if (method === "PUT") {
        return { status: found === undefined ? 201 : 200, body: show(await put(call, found), call) };
      }
      if (method !== "DELETE" || remove === undefined) return undefined;
      return found === undefined ? { status: 204 } : { status: 200, body: await remove(call, found) };
    },
  };
}

export const groupPath = "/subscriptions/*/resourceGroups/*";

/** @param type - such as `Microsoft.KeyVault/vaults/secrets` */
export function inGroup(type: string): string {
  const [namespace, ...parts] = type.split("/");
  return `${groupPath}/providers/${namespace}${parts.map((part) => `/${part}/*`).join("")}`;
}

/** The vault or identity of the call, or its parent. @throws AzureError 404 ResourceNotFound. */
export function existing<T>(call: ArmCall, items: Keyed<T>, type: string): T {
  const id = call.id.split("/").slice(0, 9).join("/");
  const found = items.get(id);
  if (found === undefined) throw resourceNotFound({ ...call, id }, type);
  return found;
}

function resourceNotFound(call: ArmCall, type: string): AzureError {
  requireResourceGroup(call);
  const [, , , , group = "", , , ...parts] = call.id.split("/");
  const name = parts.filter((_part, index) => index % 2 === 1).join("/"); // names only, such as `ameidekv/env-token`
  const message =
    `The Resource '${type}/${name}' under resource group '${group}' was not found. For more details please ` +
    "go to https://aka.ms/ARMResourceNotFoundFix";
  return AzureError.arm(404, "ResourceNotFound", message);
}

/** @throws AzureError 404 ResourceGroupNotFound. */
export function requireResourceGroup(call: ArmCall): void {
  const id = call.id.split("/").slice(0, 5).join("/");
  if (call.context.state.resourceGroups.get(id) === undefined) throw groupNotFound(call);
}

export function groupNotFound({ id }: ArmCall): AzureError {
  return AzureError.arm(404, "ResourceGroupNotFound", `Resource group '${id.split("/")[4] ?? ""}' could not be found.`);
}

export function badRequest(message: string): AzureError {
  return AzureError.arm(400, "BadRequest", message);
}

/** @throws AzureError 400 InvalidRequestContent; the message never quotes the body. */
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

/** Azure accepts `West Europe` and answers `westeurope`. */
export const tracked = z.object({
  location: z.string().transform((location) => location.replaceAll(" ", "").toLowerCase()),
  tags: z.record(z.string(), z.string()).optional(),
});
