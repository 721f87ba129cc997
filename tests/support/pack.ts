import { createRequire } from "node:module";
import structProto from "google-protobuf/google/protobuf/struct_pb.js";
import analyzerProto from "@pulumi/pulumi/proto/analyzer_pb.js";
import type * as proto from "@pulumi/pulumi/proto/analyzer_pb.js";
import type { Policies } from "@pulumi/policy";

/** A resource as the engine sends it to a pack: inputs as JSON, with the engine's marks of secret and unknown values. */
export interface SentResource {
  readonly type: string;
  readonly name: string;
  readonly urn: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly protect?: boolean;
  /** URNs that each top-level input comes from; sent for a whole stack only, as the engine does. */
  readonly inputsFrom?: Readonly<Record<string, readonly string[]>>;
}

/** One diagnostic that the SDK answers the engine. */
export interface Answered {
  readonly policy: string;
  readonly level: "advisory" | "mandatory";
  readonly message: string;
  readonly urn: string;
}

type Rpc<Request, Response> = (
  call: { readonly request: Request },
  respond: (error: Error | null, response: Response) => void,
) => unknown;
type MakeRpc<Request, Response> = (
  pack: string,
  version: string,
  level: string,
  policies: Policies,
) => Rpc<Request, Response>;

/** The SDK's own side of the protocol, without a server; internal to it, so not in its types. */
const server = createRequire(import.meta.url)("@pulumi/policy/server.js") as {
  readonly makeAnalyzeRpcFun: MakeRpc<proto.AnalyzeRequest, proto.AnalyzeResponse>;
  readonly makeAnalyzeStackRpcFun: MakeRpc<proto.AnalyzeStackRequest, proto.AnalyzeResponse>;
  readonly makeRemediateRpcFun: MakeRpc<proto.AnalyzeRequest, proto.RemediateResponse>;
};

/** A pack behind `@pulumi/policy`, asked as the engine asks it. */
export class SdkPack {
  readonly #policies: Policies;

  constructor(policies: Policies) {
    this.#policies = policies;
  }

  /** Remediates, then validates what came of it. */
  async analyze(resource: SentResource): Promise<readonly Answered[]> {
    const remediated = await this.remediate(resource);
    const request = requestOf(new analyzerProto.AnalyzeRequest(), {
      ...resource,
      inputs: remediated ?? resource.inputs,
    });
    return answersOf(await this.#ask(server.makeAnalyzeRpcFun, request));
  }

  /** @returns the inputs as they go back to the engine; `undefined` where the pack leaves them as they are. */
  async remediate(resource: SentResource): Promise<Readonly<Record<string, unknown>> | undefined> {
    const request = requestOf(new analyzerProto.AnalyzeRequest(), resource);
    const response = await this.#ask(server.makeRemediateRpcFun, request);
    return response.getRemediationsList().at(-1)?.getProperties()?.toJavaScript();
  }

  async analyzeStack(resources: readonly SentResource[]): Promise<readonly Answered[]> {
    const request = new analyzerProto.AnalyzeStackRequest();
    request.setResourcesList(
      resources.map((resource) => {
        const message = requestOf(new analyzerProto.AnalyzerResource(), resource);
        for (const [key, urns] of Object.entries(resource.inputsFrom ?? {})) {
          message
            .getPropertydependenciesMap()
            .set(key, new analyzerProto.AnalyzerPropertyDependencies().setUrnsList([...urns]));
        }
        return message;
      }),
    );
    return answersOf(await this.#ask(server.makeAnalyzeStackRpcFun, request));
  }

  #ask<Request, Response>(make: MakeRpc<Request, Response>, request: Request): Promise<Response> {
    return new Promise((resolve, reject) => {
      make(
        "ameide-secrets",
        "0",
        "advisory",
        this.#policies,
      )({ request }, (error, response) => (error ? reject(error) : resolve(response)));
    });
  }
}

function requestOf<T extends proto.AnalyzeRequest | proto.AnalyzerResource>(
  message: T,
  { type, name, urn, inputs, protect = false }: SentResource,
): T {
  message.setType(type);
  message.setName(name);
  message.setUrn(urn);
  message.setProperties(structProto.Struct.fromJavaScript(plainJson(inputs)));
  message.setOptions(new analyzerProto.AnalyzerResourceOptions().setProtect(protect));
  // a component has none
  const noInputs = structProto.Struct.fromJavaScript({});
  message.setProvider(new analyzerProto.AnalyzerProviderResource().setName("default").setProperties(noInputs));
  return message;
}

/** A struct has no `undefined`. */
function plainJson(inputs: object): Parameters<typeof structProto.Struct.fromJavaScript>[0] {
  return JSON.parse(JSON.stringify(inputs)) as Parameters<typeof structProto.Struct.fromJavaScript>[0];
}

function answersOf(response: proto.AnalyzeResponse): readonly Answered[] {
  return response.getDiagnosticsList().map((one) => ({
    policy: one.getPolicyname(),
    level: one.getEnforcementlevel() === analyzerProto.EnforcementLevel.ADVISORY ? "advisory" : "mandatory",
    message: one.getMessage(),
    urn: one.getUrn(),
  }));
}
