import assert from "node:assert/strict";
import grpc from "@grpc/grpc-js";
import emptyProto from "google-protobuf/google/protobuf/empty_pb.js";
import * as pulumi from "@pulumi/pulumi";
import engineGrpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engineProto from "@pulumi/pulumi/proto/engine_pb.js";
import * as settings from "@pulumi/pulumi/runtime/settings.js";
import { keepConnectionsApart } from "../../../../cli/deploy/engine/stack.ts";
import { useEngine } from "../../../support/engine.ts";

type Client = InstanceType<typeof engineGrpc.EngineClient>;

describe("keepConnectionsApart", function () {
  this.timeout(30_000);
  const engine = useEngine("dev");

  const hears = (client: Client): Promise<string> =>
    new Promise((resolve) => {
      client.log(new engineProto.LogRequest(), (error) => resolve(error === null ? "heard" : error.message));
    });

  it("opens a new connection for a run on a port that an earlier one used", async () => {
    keepConnectionsApart();
    let earlier: Client | undefined;
    const stack = await engine.open(() => {
      earlier = pulumi.runtime.getEngine() as unknown as Client;
      return Promise.resolve();
    });
    await stack.preview();
    assert.ok(earlier !== undefined);
    // what a refused program still says once its engine has gone
    assert.match(await hears(earlier), /14 UNAVAILABLE: No connection established/);

    const address = earlier.getChannel().getTarget().replace(/^dns:/, "");
    const server = new grpc.Server();
    server.addService(engineGrpc.EngineService, {
      log: (_: unknown, answer: grpc.sendUnaryData<object>) => answer(null, new emptyProto.Empty()),
    });
    await new Promise<void>((resolve, reject) => {
      server.bindAsync(address, grpc.ServerCredentials.createInsecure(), (error) =>
        error === null ? resolve() : reject(error),
      );
    });
    const { grpcClientOptions } = settings as unknown as { readonly grpcClientOptions: grpc.ClientOptions };
    const later = new engineGrpc.EngineClient(address, grpc.credentials.createInsecure(), grpcClientOptions);
    assert.equal(await hears(later), "heard");
    for (const client of [earlier, later]) client.close();
    server.forceShutdown();
  });
});
