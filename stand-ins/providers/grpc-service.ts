import { status, type sendUnaryData, type ServerUnaryCall, type UntypedServiceImplementation } from "@grpc/grpc-js";
import emptyProto from "google-protobuf/google/protobuf/empty_pb.js";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import pluginProto from "@pulumi/pulumi/proto/plugin_pb.js";
import providerProto from "@pulumi/pulumi/proto/provider_pb.js";
import type * as proto from "@pulumi/pulumi/proto/provider_pb.js";
import type { DiffResult, PropertyChange, Provider, ResourceCall } from "./provider.ts";
import { withoutSecrets, type PropertyMap } from "./property-value.ts";
import { readProperties, writeProperties } from "./wire-format.ts";

export interface Package {
  readonly name: string;
  /** Of the SDK that has the properties. */
  readonly version: string;
  readonly create: () => Provider;
}

/**
 * `pulumirpc.ResourceProvider` without calls that this program does not need: gRPC answers "not implemented". Each
 * connection gets its own {@link Provider}: the engine opens one per provider instance and does not name it in calls.
 */
export function resourceProviderService({ name, version, create }: Package): UntypedServiceImplementation {
  const byConnection = new Map<string, Provider>();
  let configured: Provider | undefined;

  /** A connection that was re-established after idling has no configuration: it gets the last one. */
  function providerOf(call: Call<unknown>): Provider {
    const provider = byConnection.get(call.getPeer()) ?? configured;
    if (provider === undefined) throw new Error(`provider ${name} was not configured`);
    return provider;
  }

  return {
    handshake: unary(() => filled(new providerProto.ProviderHandshakeResponse(), { AcceptSecrets: true })),
    attach: unary(() => new emptyProto.Empty()),
    getPluginInfo: unary(() => filled(new pluginProto.PluginInfo(), { Version: version })),
    getSchema: unary(() =>
      filled(new providerProto.GetSchemaResponse(), { Schema: JSON.stringify({ name, version }) }),
    ),
    checkConfig: unary<proto.CheckRequest>(({ request }) =>
      filled(new providerProto.CheckResponse(), { Inputs: request.getNews() }),
    ),
    // the engine then compares the two configurations itself and replaces nothing
    diffConfig: unary(() => new providerProto.DiffResponse()),
    configure: unary<proto.ConfigureRequest>((call) => {
      const provider = create();
      provider.configure(readProperties(call.request.getArgs()));
      byConnection.set(call.getPeer(), provider);
      configured = provider;
      return filled(new providerProto.ConfigureResponse(), { Acceptsecrets: true, Supportspreview: true });
    }),
    check: unary<proto.CheckRequest>((call) => {
      const { request } = call;
      const about = callOf(request, { oldInputs: request.getOlds(), inputs: request.getNews() });
      const { inputs, failures = [] } = providerOf(call).check(about);
      return filled(new providerProto.CheckResponse(), {
        Inputs: writeProperties(inputs),
        FailuresList: failures.map(({ property, reason }) =>
          filled(new providerProto.CheckFailure(), { Property: property, Reason: reason }),
        ),
      });
    }),
    diff: unary<proto.DiffRequest>((call) => diffResponse(providerOf(call).diff(changeOf(call.request)))),
    create: unary<proto.CreateRequest>(async (call) => {
      const about = callOf(call.request, { inputs: call.request.getProperties() });
      const { id, outputs } = await providerOf(call).create(about);
      return filled(new providerProto.CreateResponse(), { Id: id, Properties: writeProperties(outputs) });
    }),
    read: unary<proto.ReadRequest>(async (call) => {
      const { request } = call;
      const about = callOf(request, { oldInputs: request.getInputs(), oldOutputs: request.getProperties() });
      const read = await providerOf(call).read(about);
      if (read === undefined) return new providerProto.ReadResponse();
      const { id, inputs, outputs } = read;
      const properties = { Properties: writeProperties(outputs), Inputs: writeProperties(inputs) };
      return filled(new providerProto.ReadResponse(), { Id: id, ...properties });
    }),
    update: unary<proto.UpdateRequest>(async (call) => {
      const outputs = await providerOf(call).update(changeOf(call.request));
      return filled(new providerProto.UpdateResponse(), { Properties: writeProperties(outputs) });
    }),
    delete: unary<proto.DeleteRequest>(async (call) => {
      const { request } = call;
      const maps = { oldInputs: request.getOldInputs(), oldOutputs: request.getProperties() };
      await providerOf(call).delete(callOf(request, maps));
      return new emptyProto.Empty();
    }),
    cancel: unary((call) => {
      byConnection.get(call.getPeer())?.cancel();
      return new emptyProto.Empty();
    }),
  };
}

type Call<Request> = ServerUnaryCall<Request, unknown>;

/** Errors reach the engine without the secrets of the request. */
function unary<Request>(answer: (call: Call<Request>) => unknown) {
  const respond = async (call: Call<Request>, callback: sendUnaryData<unknown>): Promise<void> => {
    let response: unknown;
    try {
      response = await answer(call);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      callback({ code: status.UNKNOWN, details: withoutSecrets(message, propertiesOf(call.request)) });
      return;
    }
    callback(null, response);
  };
  return (call: Call<Request>, callback: sendUnaryData<unknown>): void => void respond(call, callback);
}

function propertiesOf(request: unknown): PropertyMap {
  const carried = request as { readonly [getter: string]: (() => Struct | undefined) | undefined };
  const getters = ["getArgs", "getNews", "getProperties", "getOldInputs", "getOlds"];
  return Object.fromEntries(getters.map((getter) => [getter, readProperties(carried[getter]?.call(request))]));
}

interface ResourceMessage {
  getUrn(): string;
  getType(): string;
  getName(): string;
  getId?(): string;
  getPreview?(): boolean;
  getIgnorechangesList?(): string[];
  getRandomseed_asU8?(): Uint8Array;
}

/** @param maps - the properties; their names differ from call to call. */
function callOf(
  message: ResourceMessage,
  maps: { readonly [Name in "oldInputs" | "oldOutputs" | "inputs"]?: Struct | undefined },
): ResourceCall {
  return {
    urn: message.getUrn(),
    type: message.getType(),
    name: message.getName(),
    id: message.getId?.() ?? "",
    oldInputs: readProperties(maps.oldInputs),
    oldOutputs: readProperties(maps.oldOutputs),
    inputs: readProperties(maps.inputs),
    preview: message.getPreview?.() ?? false,
    ignoreChanges: message.getIgnorechangesList?.() ?? [],
    randomSeed: message.getRandomseed_asU8?.() ?? new Uint8Array(),
  };
}

function changeOf(request: proto.DiffRequest | proto.UpdateRequest): ResourceCall {
  const maps = { oldInputs: request.getOldInputs(), oldOutputs: request.getOlds(), inputs: request.getNews() };
  return callOf(request, maps);
}

type Fields<Message> = {
  readonly [Setter in keyof Message as Setter extends `set${infer Name}` ? Name : never]?: Message[Setter] extends (
    value: infer Value,
  ) => unknown
    ? Value
    : never;
};

function filled<Message extends object>(message: Message, fields: Fields<Message>): Message {
  const setters = message as Readonly<Record<string, (value: unknown) => void>>;
  for (const [name, value] of Object.entries(fields)) setters[`set${name}`]?.(value);
  return message;
}

function diffResponse({ changes, deleteBeforeReplace }: DiffResult): proto.DiffResponse {
  const { DiffChanges } = providerProto.DiffResponse;
  const topLevel = (path: string) => /^[^.[]+/.exec(path)?.[0] ?? path;
  const response = filled(new providerProto.DiffResponse(), {
    Changes: changes.size === 0 ? DiffChanges.DIFF_NONE : DiffChanges.DIFF_SOME,
    DiffsList: [...new Set([...changes.keys()].map(topLevel))],
    ReplacesList: [...changes].filter(([, change]) => change.replaces).map(([path]) => path),
    Deletebeforereplace: deleteBeforeReplace,
    Hasdetaileddiff: true,
  });
  const detailed = response.getDetaileddiffMap();
  for (const [path, { kind, replaces }] of changes) {
    const name = kind.toUpperCase() as Uppercase<PropertyChange["kind"]>;
    const Kind = providerProto.PropertyDiff.Kind[replaces ? (`${name}_REPLACE` as const) : name];
    detailed.set(path, filled(new providerProto.PropertyDiff(), { Kind, Inputdiff: true }));
  }
  return response;
}
