import assert from "node:assert/strict";
import fc from "fast-check";
import structProto from "google-protobuf/google/protobuf/struct_pb.js";
import {
  SecretProperty,
  unknown,
  Unknown,
  type PropertyMap,
  type PropertyValue,
} from "../../../stand-ins/providers/property-value.ts";
import { readProperties, writeProperties } from "../../../stand-ins/providers/wire-format.ts";

const key = fc.string({ minLength: 1 }).filter((text) => text !== "__proto__");
const value = fc.letrec<{ value: PropertyValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.boolean(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (Object.is(number, -0) ? 0 : number)),
    fc.string(),
    fc.constant(unknown),
    tie("value").map((inner) => new SecretProperty(inner)),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(key, tie("value"), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;

/** Two marks of one kind are equal to `deepEqual` whatever they hold, so they are compared in clear. */
function inClear(part: PropertyValue): unknown {
  if (part instanceof Unknown) return { unknown: true };
  if (part instanceof SecretProperty) return { secret: inClear(part.reveal()) };
  if (Array.isArray(part)) return part.map(inClear);
  if (typeof part !== "object" || part === null) return part;
  return Object.fromEntries(Object.entries(part as PropertyMap).map(([name, inner]) => [name, inClear(inner)]));
}

describe("readProperties", () => {
  it("reads what writeProperties wrote, marks included", () => {
    fc.assert(
      fc.property(fc.dictionary(key, value, { noNullPrototype: true }), (properties) => {
        const bytes = writeProperties(properties).serializeBinary();
        const read = readProperties(structProto.Struct.deserializeBinary(bytes));
        assert.deepEqual(inClear(read), inClear(properties));
      }),
    );
  });

  it("drops null entries of maps", () => {
    assert.deepEqual(readProperties(structProto.Struct.fromJavaScript({ a: null, b: { c: null } })), { b: {} });
  });

  it("reads every marker of an unknown as one", () => {
    const number = "3eeb2bf0-c639-47a8-9e75-3b44932eb421";
    assert.equal(readProperties(structProto.Struct.fromJavaScript({ a: number }))["a"], unknown);
  });

  it("reads a resource that is passed as a property by its id", () => {
    const resource = { "4dabf18193072939515e22adb298388d": "5cf8f73096256a8f31e491e813e4eb8e", id: "the-id" };
    assert.deepEqual(readProperties(structProto.Struct.fromJavaScript({ a: resource })), { a: "the-id" });
  });
});
