import { Server, ServerCredentials } from "@grpc/grpc-js";
import providerService from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import { resourceProviderService } from "../../stand-ins/providers/grpc-service.ts";
import type { Provider } from "../../stand-ins/providers/provider.ts";

export interface EchoProviders {
  /** Value for PULUMI_DEBUG_PROVIDERS. */
  readonly debugProviders: string;
  close(): void;
}

/** Providers that take any resource and give its inputs back: for tests of what the engine asks a pack, not of a cloud. */
export async function startEchoProviders(names: readonly string[]): Promise<EchoProviders> {
  const servers = await Promise.all(names.map(listen));
  return {
    debugProviders: servers.map(({ name, port }) => `${name}:${port}`).join(","),
    close: () => {
      for (const { server } of servers) server.forceShutdown();
    },
  };
}

const echo: Provider = {
  configure: () => undefined,
  check: ({ inputs }) => ({ inputs }),
  diff: () => ({ changes: new Map(), deleteBeforeReplace: false }),
  create: ({ name, inputs, preview }) => Promise.resolve({ id: preview ? "" : `${name}-id`, outputs: inputs }),
  read: ({ id }) => Promise.resolve(readBack(id)),
  update: ({ inputs }) => Promise.resolve(inputs),
  delete: () => Promise.resolve(),
  cancel: () => undefined,
};

/** What exists under an id: an object of Kubernetes of that name, whatever the type. */
function readBack(id: string) {
  const [name = "", namespace = ""] = id.split("/").toReversed();
  const state = { metadata: { name, namespace }, data: { password: "YSByZWFsIHZhbHVl" } };
  return { id, inputs: state, outputs: state };
}

async function listen(name: string): Promise<{ name: string; port: number; server: Server }> {
  const server = new Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
  const served = { name, version: "1.0.0", create: () => echo };
  server.addService(providerService.ResourceProviderService, resourceProviderService(served));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  return { name, port, server };
}
