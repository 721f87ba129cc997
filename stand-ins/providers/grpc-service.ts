import type { sendUnaryData, ServerUnaryCall, UntypedServiceImplementation } from "@grpc/grpc-js";
import emptyProto from "google-protobuf/google/protobuf/empty_pb.js";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import pluginProto from "@pulumi/pulumi/proto/plugin_pb.js";
import providerProto from "@pulumi/pulumi/proto/provider_pb.js";
import type * as proto from "@pulumi/pulumi/proto/provider_pb.js";
import { failure } from "./grpc-failure.ts";
import type { ChangeKind, DiffResult, Provider, ResourceRequest } from "./provider.ts";
import type { PropertyMap } from "./property-value.ts";
import { readProperties, writeProperties } from "./wire-format.ts";

export interface Package {
  readonly name: string;
  /** Version of the SDK that has the properties. */
  readonly version: string;
  create(): Provider;
}

/**
 * `pulumirpc.ResourceProvider` over one package, without the calls that no resource of this program needs: gRPC answers them
 * as not implemented, and the engine goes on. The engine opens one connection per provider instance of a program,
 * and its calls do not say which instance they mean; so each connection gets a {@link Provider} of its own.
 */
export function resourceProviderService(served: Package): UntypedServiceImplementation {
  const { name, version } = served;
  const byConnection = new Map<string, Provider>();
  let configured: Provider | undefined;

  /** A connection that was re-established after idling has no configuration: the last one given is its own. */
  function providerOf(call: Call<unknown>): Provider {
    const provider = byConnection.get(call.getPeer()) ?? configured;
    if (provider === undefined) throw new Error(`provider ${name} was not configured`);
    return provider;
  }

  const empty = () => new emptyProto.Empty();

  return {
    handshake: unary(() => {
      const response = new providerProto.ProviderHandshakeResponse();
      response.setAcceptSecrets(true);
      return response;
    }),
    attach: unary(empty),
    getPluginInfo: unary(() => {
      const response = new pluginProto.PluginInfo();
      response.setVersion(version);
      return response;
    }),
    getSchema: unary(() => {
      const response = new providerProto.GetSchemaResponse();
      response.setSchema(JSON.stringify({ name, version }));
      return response;
    }),
    checkConfig: unary<proto.CheckRequest>(({ request }) => {
      const response = new providerProto.CheckResponse();
      response.setInputs(request.getNews());
      return response;
    }),
    // the engine then compares the two configurations itself and replaces nothing
    diffConfig: unary(() => new providerProto.DiffResponse()),
    configure: unary<proto.ConfigureRequest>(async (call) => {
      const provider = served.create();
      await provider.configure(readProperties(call.request.getArgs()));
      byConnection.set(call.getPeer(), provider);
      configured = provider;
      const response = new providerProto.ConfigureResponse();
      response.setAcceptsecrets(true);
      response.setSupportspreview(true);
      return response;
    }),
    check: unary<proto.CheckRequest>(async (call) => {
      const { request } = call;
      const { inputs, failures = [] } = await providerOf(call).check({
        ...resourceOf(request),
        oldInputs: readProperties(request.getOlds()),
        inputs: readProperties(request.getNews()),
        randomSeed: request.getRandomseed_asU8(),
      });
      const response = new providerProto.CheckResponse();
      response.setInputs(writeProperties(inputs));
      response.setFailuresList(
        failures.map(({ property, reason }) => {
          const failed = new providerProto.CheckFailure();
          failed.setProperty(property);
          failed.setReason(reason);
          return failed;
        }),
      );
      return response;
    }),
    diff: unary<proto.DiffRequest>(async (call) => {
      const { request } = call;
      return diffResponse(
        await providerOf(call).diff({
          ...resourceOf(request),
          id: request.getId(),
          oldInputs: readProperties(request.getOldInputs()),
          oldOutputs: readProperties(request.getOlds()),
          inputs: readProperties(request.getNews()),
          ignoreChanges: request.getIgnorechangesList(),
        }),
      );
    }),
    create: unary<proto.CreateRequest>(async (call) => {
      const { request } = call;
      const { id, outputs } = await providerOf(call).create({
        ...resourceOf(request),
        inputs: readProperties(request.getProperties()),
        preview: request.getPreview(),
      });
      const response = new providerProto.CreateResponse();
      response.setId(id);
      response.setProperties(writeProperties(outputs));
      return response;
    }),
    read: unary<proto.ReadRequest>(async (call) => {
      const { request } = call;
      const oldInputs = request.getInputs();
      const read = await providerOf(call).read({
        ...resourceOf(request),
        id: request.getId(),
        oldInputs: isEmpty(oldInputs) ? undefined : readProperties(oldInputs),
        oldOutputs: readProperties(request.getProperties()),
      });
      const response = new providerProto.ReadResponse();
      if (read === undefined) return response;
      response.setId(read.id);
      response.setProperties(writeProperties(read.outputs));
      response.setInputs(writeProperties(read.inputs));
      return response;
    }),
    update: unary<proto.UpdateRequest>(async (call) => {
      const { request } = call;
      const outputs = await providerOf(call).update({
        ...resourceOf(request),
        id: request.getId(),
        oldInputs: readProperties(request.getOldInputs()),
        oldOutputs: readProperties(request.getOlds()),
        inputs: readProperties(request.getNews()),
        preview: request.getPreview(),
      });
      const response = new providerProto.UpdateResponse();
      response.setProperties(writeProperties(outputs));
      return response;
    }),
    delete: unary<proto.DeleteRequest>(async (call) => {
      const { request } = call;
      await providerOf(call).delete({
        ...resourceOf(request),
        id: request.getId(),
        oldInputs: readProperties(request.getOldInputs()),
        oldOutputs: readProperties(request.getProperties()),
      });
      return empty();
    }),
    cancel: unary((call) => {
      byConnection.get(call.getPeer())?.cancel();
      return empty();
    }),
  };
}

type Call<Request> = ServerUnaryCall<Request, unknown>;

function unary<Request>(answer: (call: Call<Request>) => unknown) {
  return (call: Call<Request>, callback: sendUnaryData<unknown>): void => {
    void respond(answer, call, callback);
  };
}

async function respond<Request>(
  answer: (call: Call<Request>) => unknown,
  call: Call<Request>,
  callback: sendUnaryData<unknown>,
): Promise<void> {
  let response: unknown;
  try {
    response = await answer(call);
  } catch (error) {
    callback(failure(error, propertiesOf(call.request)));
    return;
  }
  callback(null, response);
}

/** Whatever properties a request carries, under whichever of its names. */
function propertiesOf(request: unknown): PropertyMap {
  const carried = request as { readonly [getter: string]: (() => Struct | undefined) | undefined };
  const getters = ["getArgs", "getNews", "getProperties", "getOldInputs", "getOlds"];
  return Object.fromEntries(getters.map((getter) => [getter, readProperties(carried[getter]?.call(request))]));
}

function resourceOf(request: { getUrn(): string; getType(): string; getName(): string }): ResourceRequest {
  return { urn: request.getUrn(), type: request.getType(), name: request.getName() };
}

function isEmpty(struct: Struct | undefined): boolean {
  return struct === undefined || struct.getFieldsMap().getLength() === 0;
}

const kinds: Record<
  ChangeKind,
  { readonly update: proto.PropertyDiff.Kind; readonly replace: proto.PropertyDiff.Kind }
> = {
  add: { update: providerProto.PropertyDiff.Kind.ADD, replace: providerProto.PropertyDiff.Kind.ADD_REPLACE },
  delete: { update: providerProto.PropertyDiff.Kind.DELETE, replace: providerProto.PropertyDiff.Kind.DELETE_REPLACE },
  update: { update: providerProto.PropertyDiff.Kind.UPDATE, replace: providerProto.PropertyDiff.Kind.UPDATE_REPLACE },
};

function diffResponse({ changes, deleteBeforeReplace }: DiffResult): proto.DiffResponse {
  const { DiffChanges } = providerProto.DiffResponse;
  const response = new providerProto.DiffResponse();
  response.setChanges(changes.size === 0 ? DiffChanges.DIFF_NONE : DiffChanges.DIFF_SOME);
  response.setDiffsList([...new Set([...changes.keys()].map(topLevel))]);
  response.setReplacesList([...changes].filter(([, change]) => change.replaces).map(([path]) => path));
  response.setDeletebeforereplace(deleteBeforeReplace);
  response.setHasdetaileddiff(true);
  const detailed = response.getDetaileddiffMap();
  for (const [path, change] of changes) {
    const property = new providerProto.PropertyDiff();
    property.setKind(kinds[change.kind][change.replaces ? "replace" : "update"]);
    property.setInputdiff(true);
    detailed.set(path, property);
  }
  return response;
}

function topLevel(path: string): string {
  return /^[^.[]+/.exec(path)?.[0] ?? path;
}
