import structProto from "google-protobuf/google/protobuf/struct_pb.js";
import providerProto from "@pulumi/pulumi/proto/provider_pb.js";
import type * as proto from "@pulumi/pulumi/proto/provider_pb.js";
import type { Json, JsonObject } from "../../../stand-ins/providers/property-value.ts";
import type { Exchange } from "../../support/recordings.ts";
import type { ProviderClient } from "./provider-client.ts";

const requests = {
  Check: providerProto.CheckRequest,
  Create: providerProto.CreateRequest,
  Diff: providerProto.DiffRequest,
  DiffConfig: providerProto.DiffRequest,
  Read: providerProto.ReadRequest,
  Update: providerProto.UpdateRequest,
} as const;

export type ReplayedMethod = keyof typeof requests;

/** Sends a recorded request, over gRPC, and returns the stand-in's response in the recordings' form. */
export async function replay(client: ProviderClient, { method, type, name, request }: Exchange): Promise<JsonObject> {
  const message = new requests[method as ReplayedMethod]() as unknown as Record<string, (value: unknown) => void>;
  message["setType"]?.(type);
  message["setName"]?.(name);
  for (const [field, value] of Object.entries(request)) {
    const isList = Array.isArray(value);
    const setter = isList ? `set${capital(field.toLowerCase())}List` : `set${capital(field)}`;
    const isStruct = typeof value === "object" && value !== null && !isList;
    message[setter]?.(isStruct ? structProto.Struct.fromJavaScript(value as JsonObject) : value);
  }
  const response = await client.send(`${method.charAt(0).toLowerCase()}${method.slice(1)}`, message);
  return written(method as ReplayedMethod, response);
}

function written(method: ReplayedMethod, response: unknown): JsonObject {
  if (method === "Diff" || method === "DiffConfig") return writtenDiff(response as proto.DiffResponse);
  const answer = response as Partial<proto.ReadResponse>;
  const id = answer.getId?.() ?? "";
  const inputs = answer.getInputs?.();
  const properties = answer.getProperties?.();
  return {
    ...(id !== "" && { id }),
    ...(inputs !== undefined && { inputs: inputs.toJavaScript() }),
    ...(properties !== undefined && { properties: properties.toJavaScript() }),
  };
}

function writtenDiff(response: proto.DiffResponse): JsonObject {
  const changes = ["DIFF_UNKNOWN", "DIFF_NONE", "DIFF_SOME"][response.getChanges()];
  const kinds = Object.entries(providerProto.PropertyDiff.Kind);
  const detailed = [...response.getDetaileddiffMap().entries()].map(([path, change]): [string, Json] => {
    const kind = kinds.find(([, number]) => number === change.getKind())?.[0];
    return [path, kind === "ADD" || kind === undefined ? {} : { kind }];
  });
  return {
    ...(changes !== "DIFF_UNKNOWN" && changes !== undefined && { changes }),
    ...(response.getDiffsList().length > 0 && { diffs: response.getDiffsList() }),
    ...(response.getReplacesList().length > 0 && { replaces: response.getReplacesList() }),
    ...(response.getDeletebeforereplace() && { deleteBeforeReplace: true }),
    ...(detailed.length > 0 && { detailedDiff: Object.fromEntries(detailed) }),
    ...(response.getHasdetaileddiff() && { hasDetailedDiff: true }),
  };
}

function capital(word: string): string {
  return `${word.charAt(0).toUpperCase()}${word.slice(1)}`;
}

/** Notes of the providers to themselves: no person and no rule sees them. */
const notes = new Set(["__fieldManager", "__initialApiVersion", "__inputs", "__meta", "__pulumi_raw_state_delta"]);

export interface Difference {
  /** Such as `vault Read AuthBackend properties.tune.tokenType`. */
  readonly at: string;
  readonly real: Json | undefined;
  readonly loopback: Json | undefined;
}

/** Where two answers differ, leaf by leaf; without the providers' notes, `stables` and `inputDiff`. */
export function differences({ provider, method, type, response }: Exchange, loopback: JsonObject): Difference[] {
  const found: Difference[] = [];
  const place = `${provider} ${method} ${type.slice(type.lastIndexOf(":") + 1)}`;
  compare(`${place} `, withoutNotes(response as JsonObject), withoutNotes(loopback), found);
  return found;
}

function compare(at: string, real: Json | undefined, loopback: Json | undefined, found: Difference[]): void {
  if (isObject(real) && isObject(loopback)) {
    for (const key of new Set([...Object.keys(real), ...Object.keys(loopback)])) {
      compare(at.endsWith(" ") ? `${at}${key}` : `${at}.${key}`, real[key], loopback[key], found);
    }
  } else if (Array.isArray(real) && Array.isArray(loopback) && real.length === loopback.length) {
    for (const [index, part] of real.entries()) compare(`${at}[]`, part, loopback[index], found);
  } else if (real !== loopback && !(isEmptyList(real) && isEmptyList(loopback))) {
    found.push({ at, real, loopback });
  }
}

function withoutNotes(answer: JsonObject): JsonObject {
  const { stables: _, detailedDiff, properties, replaces, ...rest } = answer;
  const own = isObject(properties) ? Object.entries(properties).filter(([key]) => !notes.has(key)) : [];
  const paths = isObject(detailedDiff) ? Object.entries(detailedDiff) : [];
  return {
    ...rest,
    ...(Array.isArray(replaces) && { replaces: replaces.map(String).toSorted() }),
    ...(isObject(properties) && { properties: Object.fromEntries(own) }),
    ...(paths.length > 0 && {
      detailedDiff: Object.fromEntries(paths.map(([path, change]) => [path, (change as JsonObject)["kind"] ?? "ADD"])),
    }),
  };
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isEmptyList(value: Json | undefined): boolean {
  return Array.isArray(value) && value.length === 0;
}
