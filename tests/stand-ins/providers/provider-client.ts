import { promisify } from "node:util";
import { credentials, Server, ServerCredentials, type ServiceError } from "@grpc/grpc-js";
import emptyProto from "google-protobuf/google/protobuf/empty_pb.js";
import pluginProto from "@pulumi/pulumi/proto/plugin_pb.js";
import providerService from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import providerProto from "@pulumi/pulumi/proto/provider_pb.js";
import type * as proto from "@pulumi/pulumi/proto/provider_pb.js";
import { resourceProviderService, type Package } from "../../../stand-ins/providers/grpc-service.ts";
import type { PropertyMap } from "../../../stand-ins/providers/property-value.ts";
import type { ResourceCall } from "../../../stand-ins/providers/provider.ts";
import { readProperties, writeProperties } from "../../../stand-ins/providers/wire-format.ts";

/** A call that carries nothing. */
export const emptyCall: ResourceCall = {
  urn: "",
  type: "",
  name: "",
  id: "",
  oldInputs: {},
  oldOutputs: {},
  inputs: {},
  preview: false,
  ignoreChanges: [],
  randomSeed: new Uint8Array(),
};

/** One connection to a provider, over real gRPC, as the engine opens one for each provider of a program. */
export class ProviderClient {
  readonly #client: InstanceType<typeof providerService.ResourceProviderClient>;
  readonly type: string;

  constructor(port: number, type: string) {
    // a pool of its own, or all clients of this process would share one connection
    const options = { "grpc.use_local_subchannel_pool": 1 };
    this.#client = new providerService.ResourceProviderClient(
      `127.0.0.1:${port}`,
      credentials.createInsecure(),
      options,
    );
    this.type = type;
  }

  async handshake(): Promise<proto.ProviderHandshakeResponse> {
    return this.#call("handshake", new providerProto.ProviderHandshakeRequest());
  }

  async attach(address: string): Promise<void> {
    const request = new pluginProto.PluginAttach();
    request.setAddress(address);
    await this.#call("attach", request);
  }

  async version(): Promise<string> {
    const info = await this.#call<{ getVersion(): string }>("getPluginInfo", new emptyProto.Empty());
    return info.getVersion();
  }

  async schema(): Promise<unknown> {
    const response: proto.GetSchemaResponse = await this.#call("getSchema", new providerProto.GetSchemaRequest());
    return JSON.parse(response.getSchema());
  }

  async configure(args: PropertyMap = {}): Promise<proto.ConfigureResponse> {
    const request = new providerProto.ConfigureRequest();
    request.setArgs(writeProperties(args));
    return this.#call("configure", request);
  }

  async diffConfig(before: PropertyMap, after: PropertyMap): Promise<proto.DiffResponse> {
    const request = new providerProto.DiffRequest();
    request.setOlds(writeProperties(before));
    request.setNews(writeProperties(after));
    return this.#call("diffConfig", request);
  }

  async check(inputs: PropertyMap, oldInputs: PropertyMap = {}): Promise<{ inputs: PropertyMap; failures: string[] }> {
    const request = this.#about(new providerProto.CheckRequest());
    request.setOlds(writeProperties(oldInputs));
    request.setNews(writeProperties(inputs));
    request.setRandomseed(new Uint8Array(32));
    const response: proto.CheckResponse = await this.#call("check", request);
    const failures = response.getFailuresList().map((failed) => `${failed.getProperty()}: ${failed.getReason()}`);
    return { inputs: readProperties(response.getInputs()), failures };
  }

  async diff(
    oldInputs: PropertyMap,
    inputs: PropertyMap,
    oldOutputs: PropertyMap = oldInputs,
  ): Promise<proto.DiffResponse> {
    const request = this.#about(new providerProto.DiffRequest());
    request.setId("id");
    request.setOldInputs(writeProperties(oldInputs));
    request.setOlds(writeProperties(oldOutputs));
    request.setNews(writeProperties(inputs));
    return this.#call("diff", request);
  }

  async create(inputs: PropertyMap, { preview = false } = {}): Promise<{ id: string; outputs: PropertyMap }> {
    const request = this.#about(new providerProto.CreateRequest());
    request.setProperties(writeProperties(inputs));
    request.setPreview(preview);
    const response: proto.CreateResponse = await this.#call("create", request);
    return { id: response.getId(), outputs: readProperties(response.getProperties()) };
  }

  async update(
    id: string,
    oldInputs: PropertyMap,
    inputs: PropertyMap,
    { preview = false, oldOutputs = oldInputs } = {},
  ): Promise<PropertyMap> {
    const request = this.#about(new providerProto.UpdateRequest());
    request.setId(id);
    request.setOldInputs(writeProperties(oldInputs));
    request.setOlds(writeProperties(oldOutputs));
    request.setNews(writeProperties(inputs));
    request.setPreview(preview);
    const response: proto.UpdateResponse = await this.#call("update", request);
    return readProperties(response.getProperties());
  }

  async read(
    id: string,
    inputs?: PropertyMap,
    outputs: PropertyMap = {},
  ): Promise<{ id: string; inputs: PropertyMap }> {
    const request = this.#about(new providerProto.ReadRequest());
    request.setId(id);
    if (inputs !== undefined) request.setInputs(writeProperties(inputs));
    request.setProperties(writeProperties(outputs));
    const response: proto.ReadResponse = await this.#call("read", request);
    return { id: response.getId(), inputs: readProperties(response.getInputs()) };
  }

  async delete(id: string, inputs: PropertyMap = {}): Promise<void> {
    const request = this.#about(new providerProto.DeleteRequest());
    request.setId(id);
    request.setOldInputs(writeProperties(inputs));
    request.setProperties(writeProperties(inputs));
    await this.#call("delete", request);
  }

  async construct(): Promise<void> {
    await this.#call("construct", new providerProto.ConstructRequest());
  }

  async cancel(): Promise<void> {
    await this.#call("cancel", new emptyProto.Empty());
  }

  close(): void {
    this.#client.close();
  }

  #about<
    Request extends { setUrn(urn: string): unknown; setType(type: string): unknown; setName(name: string): unknown },
  >(request: Request): Request {
    request.setUrn(`urn:pulumi:local::ameide-secrets::${this.type}::res`);
    request.setType(this.type);
    request.setName("res");
    return request;
  }

  /** Sends a message that was made elsewhere. @param method - such as `diffConfig` */
  async send(method: string, message: unknown): Promise<unknown> {
    return this.#call(method, message);
  }

  #call<Response>(method: string, request: unknown): Promise<Response> {
    const methods = this.#client as unknown as Record<
      string,
      (request: unknown, done: (error: ServiceError | null, response: Response) => void) => void
    >;
    const call = methods[method];
    if (call === undefined) throw new Error(`no call ${method}`);
    return new Promise((resolve, reject) => {
      call.call(this.#client, request, (error: ServiceError | null, response: Response) => {
        if (error === null) resolve(response);
        else reject(error);
      });
    });
  }
}

/** Serves one package on a free port, in this process. */
export async function servePackage(served: Package): Promise<{ port: number; close(): void }> {
  const server = new Server();
  server.addService(providerService.ResourceProviderService, resourceProviderService(served));
  const bind = promisify(server.bindAsync.bind(server));
  const port = await bind("127.0.0.1:0", ServerCredentials.createInsecure());
  return { port, close: () => server.forceShutdown() };
}
