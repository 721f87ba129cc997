import grpc from "@grpc/grpc-js";
import type { sendUnaryData, ServerUnaryCall, UntypedServiceImplementation } from "@grpc/grpc-js";
import emptyProto from "google-protobuf/google/protobuf/empty_pb.js";
import analyzerService from "@pulumi/pulumi/proto/analyzer_grpc_pb.js";
import analyzerProto from "@pulumi/pulumi/proto/analyzer_pb.js";
import type * as proto from "@pulumi/pulumi/proto/analyzer_pb.js";
import pluginProto from "@pulumi/pulumi/proto/plugin_pb.js";
import type { Analyzer } from "./analyzer.ts";
import { readConfigs, readResource, writeDiagnostics, writeInfo, writeRemediation, type PackName } from "./messages.ts";

export interface Pack extends PackName {
  readonly description: string;
  readonly tags: readonly string[];
}

/** A whole stack is one message. */
const largestMessageInBytes = 400 * 2 ** 20;

/**
 * Serves the pack to the engine by Pulumi's own protocol for analyzers, as `@pulumi/policy` does. That SDK reads the inputs
 * anew for each policy and hides from a validation which values are marked secret; here they are read once for all rules.
 *
 * @returns the port on 127.0.0.1; it serves until the process ends, or `close` is called.
 * @see https://github.com/pulumi/pulumi/blob/master/proto/pulumi/analyzer.proto
 */
export async function servePack(
  pack: Pack,
  analyzer: Analyzer,
): Promise<{ readonly port: number; readonly close: () => void }> {
  const server = new grpc.Server({ "grpc.max_receive_message_length": largestMessageInBytes });
  server.addService(analyzerService.AnalyzerService, analyzerServiceOf(pack, analyzer));
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve({ port, close: () => server.forceShutdown() });
      else reject(error);
    });
  });
}

function analyzerServiceOf(pack: Pack, analyzer: Analyzer): UntypedServiceImplementation {
  return {
    handshake: unary(() => new analyzerProto.AnalyzerHandshakeResponse()),
    getPluginInfo: unary(() => {
      const info = new pluginProto.PluginInfo();
      info.setVersion(pack.version);
      return info;
    }),
    getAnalyzerInfo: unary(() => writeInfo(analyzer.policies, pack)),
    configure: unary((request: proto.ConfigureAnalyzerRequest) => {
      analyzer.configure(readConfigs(request));
      return new emptyProto.Empty();
    }),
    configureStack: unary((request: proto.AnalyzerStackConfigureRequest) => {
      analyzer.configureStack({ isPreview: request.getDryRun() });
      return new analyzerProto.AnalyzerStackConfigureResponse();
    }),
    remediate: unary((request: proto.AnalyzeRequest) =>
      writeRemediation(analyzer.remediate(readResource(request)), pack),
    ),
    analyze: unary((request: proto.AnalyzeRequest) => writeDiagnostics(analyzer.analyze(readResource(request)), pack)),
    analyzeStack: unary((request: proto.AnalyzeStackRequest) =>
      writeDiagnostics(analyzer.analyzeStack(request.getResourcesList().map(readResource)), pack),
    ),
    cancel: unary(() => new emptyProto.Empty()),
  };
}

/** The engine shows the text of an error to a person, and stops. */
function unary<Request, Response>(answer: (request: Request) => Response) {
  return ({ request }: ServerUnaryCall<Request, Response>, respond: sendUnaryData<Response>): void => {
    try {
      respond(null, answer(request));
    } catch (error) {
      respond({
        code: grpc.status.UNKNOWN,
        details: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
    }
  };
}
