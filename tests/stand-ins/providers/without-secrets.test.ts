import assert from "node:assert/strict";
import { SecretProperty, withoutSecrets } from "../../../stand-ins/providers/property-value.ts";

describe("withoutSecrets", () => {
  const request = { data: { token: new SecretProperty('ghp_"canary"'), name: "plain" } };

  it("removes a secret from a message, plain, in JSON and in base64", () => {
    for (const form of ['ghp_"canary"', 'ghp_\\"canary\\"', btoa('ghp_"canary"')]) {
      assert.equal(withoutSecrets(`invalid value ${form}: refused`, request), "invalid value [secret]: refused");
    }
  });

  it("leaves what is not secret", () => assert.equal(withoutSecrets("plain is taken", request), "plain is taken"));

  it("does not break a message for a secret of three characters", () => {
    assert.equal(withoutSecrets("an error", { a: new SecretProperty("err") }), "an error");
  });
});
