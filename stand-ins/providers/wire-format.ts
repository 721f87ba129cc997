import structProto from "google-protobuf/google/protobuf/struct_pb.js";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import {
  isList,
  isMap,
  SecretProperty,
  unknown,
  Unknown,
  type Json,
  type PropertyMap,
  type PropertyValue,
} from "./property-value.ts";

/** @see https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/plugin/rpc.go */
const signatureKey = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
const resourceSignature = "5cf8f73096256a8f31e491e813e4eb8e";
const unknownString = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
/** One marker for each declared type of an unknown value; answers always use the first. */
const unknowns = new Set([
  unknownString,
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

/** Drops null entries of maps, as the real providers do. */
export function readProperties(struct: Struct | undefined): PropertyMap {
  return struct === undefined ? {} : readMap(struct.toJavaScript());
}

export function writeProperties(properties: PropertyMap): Struct {
  return structProto.Struct.fromJavaScript(writeMap(properties));
}

function readMap(map: { [key: string]: Json }): PropertyMap {
  return Object.fromEntries(
    Object.entries(map)
      .filter(([, value]) => value !== null)
      .map(([key, value]) => [key, readValue(value)]),
  );
}

function readValue(value: Json): PropertyValue {
  if (typeof value === "string") return unknowns.has(value) ? unknown : value;
  if (Array.isArray(value)) return value.map(readValue);
  if (typeof value !== "object" || value === null) return value;
  switch (value[signatureKey]) {
    case secretSignature:
      return new SecretProperty(readValue(value.value ?? null));
    case resourceSignature:
      // a resource as a property: the providers of this program use its id
      return readValue(value.id ?? null);
    default:
      return readMap(value);
  }
}

function writeMap(map: PropertyMap): { [key: string]: Json } {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, writeValue(value)]));
}

function writeValue(value: PropertyValue): Json {
  if (value instanceof Unknown) return unknownString;
  if (value instanceof SecretProperty) {
    return { [signatureKey]: secretSignature, value: writeValue(value.reveal()) };
  }
  if (isList(value)) return value.map(writeValue);
  return isMap(value) ? writeMap(value) : value;
}
