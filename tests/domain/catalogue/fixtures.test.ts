import assert from "node:assert/strict";
import { isFixture, isPlaceholder, isSample } from "../../../domain/catalogue/fixtures.ts";

const fixtures = { values: ["minioadmin", "lf_api_*"], placeholders: ["CHANGEME", "placeholder_*"] };

describe("isPlaceholder", () => {
  it("knows a marker in any case", () => assert.equal(isPlaceholder("changeMe", fixtures), true));
  it("knows a marker with white space around it", () => assert.equal(isPlaceholder(" CHANGEME\n", fixtures), true));
  it("knows the rest behind a *", () => assert.equal(isPlaceholder("placeholder_pgadmin_client_id", fixtures), true));
  it("lets a value pass that only holds a marker", () => assert.equal(isPlaceholder("x-CHANGEME", fixtures), false));
  it("is not about fixtures", () => assert.equal(isPlaceholder("minioadmin", fixtures), false));
});

describe("isFixture", () => {
  it("knows a development value", () => assert.equal(isFixture("minioadmin", fixtures), true));
  it("knows the rest behind a *", () => assert.equal(isFixture("lf_api_1", fixtures), true));
  it("is not about placeholders", () => assert.equal(isFixture("CHANGEME", fixtures), false));
});

describe("isSample", () => {
  it("knows the values of .env.example", () => assert.equal(isSample("sample-ghcr-token"), true));
  it("lets another value pass", () => assert.equal(isSample("ghp_sample-x"), false));
});
