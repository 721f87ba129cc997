import assert from "node:assert/strict";
import { durationInSeconds, requestBody, responseFields } from "../../../../stand-ins/providers/vault/vault-type.ts";

describe("requestBody", () => {
  it("spells the given fields as Vault does, and leaves out the others", () => {
    const inputs = { disableLocalCaJwt: true, boundServiceAccountNames: ["a"], backend: "kubernetes" };
    assert.deepEqual(requestBody(inputs, ["disableLocalCaJwt", "boundServiceAccountNames", "issuer"]), {
      disable_local_ca_jwt: true,
      bound_service_account_names: ["a"],
    });
  });
});

describe("responseFields", () => {
  it("spells the answered fields as the SDK does, and leaves out what Vault does not know", () => {
    const answer = { token_ttl: 0, audience: null, alias_name_source: "serviceaccount_uid", other: 1 };
    assert.deepEqual(responseFields(answer, ["tokenTtl", "audience", "aliasNameSource"]), {
      tokenTtl: 0,
      aliasNameSource: "serviceaccount_uid",
    });
  });
});

describe("durationInSeconds", () => {
  it("reads what Vault and the program write", () => {
    assert.deepEqual(["768h", "1h0m30s", "0s", 60, undefined].map(durationInSeconds), [2_764_800, 3630, 0, 60, 0]);
  });
});
