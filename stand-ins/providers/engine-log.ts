import { credentials } from "@grpc/grpc-js";
import engineService from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engineProto from "@pulumi/pulumi/proto/engine_pb.js";

/** What a person sees beside a resource while it is worked on. Best effort: an engine that has gone hears nothing. */
export interface EngineLog {
  /** Shown while it lasts; `""` ends it. */
  status(urn: string, message: string): void;
}

export const silentLog: EngineLog = { status: () => undefined };

/** @param address - of the engine's own gRPC server, as it tells its providers, such as `127.0.0.1:40123`. */
export function engineLog(address: string): EngineLog {
  const client = new engineService.EngineClient(address, credentials.createInsecure());
  return {
    status(urn, message) {
      const request = new engineProto.LogRequest();
      request.setUrn(urn);
      request.setMessage(message);
      request.setSeverity(engineProto.LogSeverity.INFO);
      request.setEphemeral(true);
      client.log(request, () => undefined);
    },
  };
}
