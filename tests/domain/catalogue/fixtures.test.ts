import assert from "node:assert/strict";
import { isFixture, isPlaceholder, isSample } from "../../../domain/catalogue/fixtures.ts";

const fixtures = { values: ["minioadmin", "lf_api_*"], placeholders: ["CHANGEME", "placeholder_*"] };

describe("isPlaceholder", () => {
  it("recognises a marker in any case", () => assert.equal(isPlaceholder("changeMe", fixtures), true));
  it("recognises a marker with white space around it", () =>
    assert.equal(isPlaceholder(" CHANGEME\n", fixtures), true));
  it("recognises any text after the prefix before a *", () =>
    assert.equal(isPlaceholder("placeholder_pgadmin_client_id", fixtures), true));
  it("accepts a value that only contains a marker", () => assert.equal(isPlaceholder("x-CHANGEME", fixtures), false));
  it("does not match fixtures", () => assert.equal(isPlaceholder("minioadmin", fixtures), false));
});

describe("isFixture", () => {
  it("recognises a development value", () => assert.equal(isFixture("minioadmin", fixtures), true));
  it("recognises any text after the prefix before a *", () => assert.equal(isFixture("lf_api_1", fixtures), true));
  it("does not match placeholders", () => assert.equal(isFixture("CHANGEME", fixtures), false));
});

describe("isSample", () => {
  it("recognises the values of .env.example", () => assert.equal(isSample("sample-ghcr-token"), true));
  it("accepts another value", () => assert.equal(isSample("ghp_sample-x"), false));
});
