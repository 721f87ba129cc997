import assert from "node:assert/strict";
import { requestBody, responseFields } from "../../../../stand-ins/providers/vault/request-body.ts";

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
  it("leaves out empty values, unless the program gave one", () => {
    const answer = { token_ttl: 0, token_policies: [], audience: "", alias_name_source: "serviceaccount_uid" };
    const fields = ["tokenTtl", "tokenPolicies", "audience", "aliasNameSource"];
    assert.deepEqual(responseFields(answer, fields, { tokenTtl: 5 }), {
      tokenTtl: 0,
      aliasNameSource: "serviceaccount_uid",
    });
  });
});
