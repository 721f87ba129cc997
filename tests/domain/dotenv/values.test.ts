import assert from "node:assert/strict";
import { compile, told } from "./compiled-dotenv.ts";

describe("valueFindings", () => {
  it("tells of an empty value that it is empty and nothing else", () => {
    assert.deepEqual(told(compile("GHCR_TOKEN=")), ["error dotenv-empty .env:1: GHCR_TOKEN is empty"]);
  });

  it("fails a value over 25 KB, counted in bytes", () => {
    assert.deepEqual(told(compile(`GHCR_TOKEN=${"é".repeat(12_800)}`)), []);
    assert.deepEqual(told(compile(`GHCR_TOKEN=${"é".repeat(12_801)}`)), [
      "error dotenv-too-large .env:1: GHCR_TOKEN has 25602 bytes, Key Vault takes 25600",
    ]);
  });

  it("warns of a line break, and keeps it", () => {
    const compiled = compile('GHCR_TOKEN="one\ntwo"');
    assert.match(told(compiled)[0] ?? "", /^warning dotenv-newline \.env:1/);
    assert.equal(compiled.values.get("ghcr-token")?.reveal(), "one\ntwo");
  });

  it("warns of a space at either end, and keeps it", () => {
    const compiled = compile("GHCR_TOKEN=' abcd'\nGHCR_USERNAME='me '");
    assert.deepEqual(
      compiled.findings.map(({ severity, code, where }) => [severity, code, where]),
      [
        ["warning", "dotenv-padded", ".env:1"],
        ["warning", "dotenv-padded", ".env:2"],
      ],
    );
    assert.equal(compiled.values.get("ghcr-token")?.reveal(), " abcd");
  });

  it("warns of a reference to another variable, which nothing expands", () => {
    assert.match(told(compile("GHCR_TOKEN=x-${OTHER}"))[0] ?? "", /^warning dotenv-not-expanded \.env:1/);
    assert.deepEqual(told(compile("GHCR_TOKEN=pa$$word")), []);
  });

  it("fails a quote that is not closed", () => {
    assert.match(told(compile("GHCR_TOKEN='abcd"))[0] ?? "", /^error dotenv-stray-quote \.env:1/);
  });

  it("fails a value of white space only", () => {
    assert.match(told(compile("GHCR_TOKEN='  '"))[0] ?? "", /^error dotenv-empty/);
  });

  it("fails a value that is shorter than its entry says", () => {
    assert.deepEqual(told(compile("GHCR_TOKEN=abc")), [
      "error dotenv-too-short .env:1: GHCR_TOKEN is shorter than 4 characters",
    ]);
  });

  it("fails a placeholder and a known fixture in every environment", () => {
    for (const environment of ["dev", "prod", "local", "shared"] as const) {
      assert.match(told(compile("GHCR_TOKEN=changeme", { environment }))[0] ?? "", /^error dotenv-placeholder/);
      assert.match(told(compile("GHCR_TOKEN=minioadmin", { environment }))[0] ?? "", /^error dotenv-fixture/);
    }
  });

  it("takes a sample value in local, and fails it elsewhere", () => {
    assert.deepEqual(told(compile("GHCR_TOKEN=sample-token", { environment: "local" })), []);
    for (const environment of ["dev", "staging", "prod", "shared"] as const) {
      assert.deepEqual(told(compile("GHCR_TOKEN=sample-token", { environment })), [
        "error dotenv-fixture .env:1: GHCR_TOKEN holds a sample value, which only local accepts",
      ]);
    }
  });
});

describe("sameValueFindings", () => {
  it("warns of two secrets with one value, naming both, unless it is too short to tell", () => {
    const value = "one-long-value-of-two";
    assert.deepEqual(told(compile(`GHCR_TOKEN=${value}\nPORT=${value}\nGHCR_USERNAME=${value}`)).slice(0, 1), [
      "warning dotenv-same-value .env:3: GHCR_USERNAME holds the same value as GHCR_TOKEN (.env:1)",
    ]);
    assert.deepEqual(told(compile("GHCR_TOKEN=abcd\nGHCR_USERNAME=abcd")), []);
  });
});
