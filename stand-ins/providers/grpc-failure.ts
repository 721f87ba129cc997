import anyProto from "google-protobuf/google/protobuf/any_pb.js";
import providerProto from "@pulumi/pulumi/proto/provider_pb.js";
import statusProto from "@pulumi/pulumi/proto/status_pb.js";
import { Metadata, status, type ServiceError } from "@grpc/grpc-js";
import { type PropertyMap, isList, isMap, SecretProperty, type PropertyValue } from "./property-value.ts";
import { InitialisationError } from "./provider.ts";
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

/** Shorter texts are no secrets that a message could be searched for without being torn apart. */
const shortestInCharacters = 4;

/** Takes the secrets of a request out of what a server said about it: no message shows a value. */
export function withoutSecrets(message: string, request: PropertyValue): string {
  const texts = [...secretTexts(request)].filter((text) => text.length >= shortestInCharacters);
  const forms = texts.flatMap((text) => [
    text,
    JSON.stringify(text).slice(1, -1),
    Buffer.from(text).toString("base64"),
  ]);
  return forms
    .toSorted((left, right) => right.length - left.length)
    .reduce((told, form) => told.replaceAll(form, "[secret]"), message);
}

function* secretTexts(value: PropertyValue, isSecret = false): Generator<string> {
  if (value instanceof SecretProperty) yield* secretTexts(value.reveal(), true);
  else if (isList(value)) for (const part of value) yield* secretTexts(part, isSecret);
  else if (isMap(value)) for (const part of Object.values(value)) yield* secretTexts(part, isSecret);
  else if (isSecret && typeof value === "string") yield value;
}
