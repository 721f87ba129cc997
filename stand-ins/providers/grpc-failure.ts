import { Metadata, status, type ServiceError } from "@grpc/grpc-js";
import anyProto from "google-protobuf/google/protobuf/any_pb.js";
import providerProto from "@pulumi/pulumi/proto/provider_pb.js";
import statusProto from "@pulumi/pulumi/proto/status_pb.js";
import type { PropertyMap } from "./property-value.ts";
import { InitialisationError } from "./provider.ts";
import { withoutSecrets } from "./secret-texts.ts";
import { writeProperties } from "./wire-format.ts";

/**
 * What the engine is told of an error: its message, and the resource's state where the resource exists all the same.
 *
 * @param request - the properties that the failed call was about; their secrets are taken out of the message.
 */
export function failure(error: unknown, request: PropertyMap): Partial<ServiceError> {
  const message = withoutSecrets(error instanceof Error ? error.message : String(error), request);
  const code = error instanceof UnimplementedError ? status.UNIMPLEMENTED : status.UNKNOWN;
  const metadata = new Metadata();
  if (error instanceof InitialisationError) {
    const reasons = error.reasons.map((reason) => withoutSecrets(reason, request));
    metadata.add("grpc-status-details-bin", details(error, message, reasons));
  }
  return { code, details: message, metadata };
}

/** @throws UnimplementedError always: the engine then goes on without that call. */
export function unimplemented(call: string): never {
  throw new UnimplementedError(`${call} is not implemented by this provider`);
}

class UnimplementedError extends Error {}

/** gRPC carries structured errors in this one trailer; grpc-js has no call for it. */
function details({ state }: InitialisationError, message: string, reasons: readonly string[]): Buffer {
  const detail = new providerProto.ErrorResourceInitFailed();
  detail.setId(state.id);
  detail.setProperties(writeProperties(state.outputs));
  detail.setReasonsList([...reasons]);
  const packed = new anyProto.Any();
  packed.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const response = new statusProto.Status();
  response.setCode(status.UNKNOWN);
  response.setMessage(message);
  response.addDetails(packed);
  return Buffer.from(response.serializeBinary());
}
