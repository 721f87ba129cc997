import assert from "node:assert/strict";
import { inspect } from "node:util";
import {
  keepSecrets,
  sameValue,
  SecretProperty,
  toJson,
  unknown,
} from "../../../stand-ins/providers/property-value.ts";

describe("SecretProperty", () => {
  it("shows its value in no text, JSON or inspection", () => {
    const value = new SecretProperty("canary");
    assert.equal(JSON.stringify({ value }), '{"value":"[secret]"}');
    assert.equal(inspect(value).includes("canary"), false);
  });
});

describe("keepSecrets", () => {
  it("marks what is secret in the inputs, at its own path only", () => {
    const outputs = keepSecrets(
      { name: "a", data: { token: "t", user: "u" } },
      { name: "a", data: { token: new SecretProperty("t"), user: "u" } },
    );
    assert.equal(outputs["name"], "a");
    assert.deepEqual(outputs["data"], { token: new SecretProperty("t"), user: "u" });
    assert.equal((outputs["data"] as { token: unknown }).token instanceof SecretProperty, true);
  });

  it("marks a list whole, since a server may return it in another order", () => {
    const outputs = keepSecrets({ list: ["b", "a"] }, { list: ["a", new SecretProperty("b")] });
    assert.equal(outputs["list"] instanceof SecretProperty, true);
  });

  it("leaves out what the outputs lack", () => {
    assert.deepEqual(keepSecrets({}, { value: new SecretProperty("a") }), {});
  });
});

describe("sameValue", () => {
  it("compares through the mark of a secret", () => {
    assert.equal(sameValue({ a: new SecretProperty(["x"]) }, { a: ["x"] }), true);
    assert.equal(sameValue(new SecretProperty("x"), new SecretProperty("y")), false);
  });

  it("treats no two unknowns as equal", () => assert.equal(sameValue({ a: unknown }, { a: unknown }), false));

  it("distinguishes an absent property from null", () => assert.equal(sameValue({}, { a: null }), false));
});

describe("toJson", () => {
  it("reveals secrets for a request", () => {
    assert.deepEqual(toJson({ a: [new SecretProperty({ b: 1 })] }), { a: [{ b: 1 }] });
  });

  it("fails on an unknown, which cannot be sent to a server", () => {
    assert.throws(() => toJson({ a: unknown }), /not known yet/);
  });
});
