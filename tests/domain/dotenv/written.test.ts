import assert from "node:assert/strict";
import { parse } from "dotenv";
import { compile, reported } from "./compiled-dotenv.ts";

/** Codes of the findings, with their severity; that no part of the value is shown is checked on the way. */
function codes(text: string): readonly string[] {
  const compiled = compile(text);
  assert.doesNotMatch(JSON.stringify(compiled.findings), /made-up/);
  return compiled.findings.map(({ severity, code, where = "" }) => `${severity} ${code} ${where}`);
}

describe("quoting that dotenv does not undo", () => {
  for (const written of [
    String.raw`'made-up-it'\''s-17'`,
    `'made-up-it'"'"'s-17'`,
    `"made-up"'-and-'"17"`,
    `$'made-up\\n17'`,
    `$"made-up-17"`,
    `"made-up" "17"`,
  ]) {
    it(`warns of ${written}, which only a shell would join`, () => {
      assert.deepEqual(codes(`GHCR_TOKEN=${written}`), ["warning dotenv-shell-quotes .env:1"]);
    });
  }
  for (const written of [
    String.raw`"made-up\"17"`,
    String.raw`"made-up\$17"`,
    String.raw`"made-up\\17"`,
    String.raw`"{\"a\":\"made-up\"}"`,
    String.raw`'made-up\'s-17'`,
    String.raw`made-up\$17`,
    String.raw`made-up\ 17`,
    String.raw`made-up\"17`,
    "`made-up\\`17`",
  ]) {
    it(`warns of the escape in ${written}, which is stored with its backslash`, () => {
      assert.deepEqual(codes(`GHCR_TOKEN=${written}`), ["warning dotenv-escape-kept .env:1"]);
      assert.ok(parse(`GHCR_TOKEN=${written}`)["GHCR_TOKEN"]?.includes("\\"));
    });
  }
  for (const written of [`"'made-up-17'"`, `'"made-up-17"'`, "`'made-up-17'`"]) {
    it(`warns of ${written}, whose inner quotes are stored`, () =>
      assert.deepEqual(codes(`GHCR_TOKEN=${written}`), ["warning dotenv-quoted-twice .env:1"]));
  }
  it("warns of a line that a shell would continue", () =>
    assert.deepEqual(codes("GHCR_TOKEN=made-up \\\nGHCR_USERNAME=me"), ["warning dotenv-escape-kept .env:1"]));
  it("warns of a private key whose line breaks are written as \\n and stay so", () => {
    const key = String.raw`-----BEGIN X-----\nmade-up\n-----END X-----`;
    assert.deepEqual(codes(`GHCR_TOKEN='${key}'`), ["warning dotenv-escape-kept .env:1"]);
    assert.deepEqual(codes(`GHCR_TOKEN=${key}`), ["warning dotenv-escape-kept .env:1"]);
    assert.deepEqual(codes(`GHCR_TOKEN="${key}"`), ["warning dotenv-newline .env:1"]);
  });
  for (const written of [
    "'made-up-17'",
    `"made-up's-17"`,
    `'say "made-up" 17'`,
    "made-up's-17",
    `made-up"17"x`,
    `{"a":"made-up","b":{"c":"\\"d\\""}}`,
    `'{"a":"made-up\\n","b":"\\"d\\""}'`,
    String.raw`MADE\user-made-up`,
    String.raw`\\server\made-up`,
    String.raw`'made-up\d+$'`,
    "pa$$made-up",
    "made-up pass phrase",
  ]) {
    it(`accepts ${written}, which is stored as intended`, () => assert.deepEqual(codes(`GHCR_TOKEN=${written}`), []));
  }
});

describe("two assignments on a line", () => {
  for (const line of [
    "GHCR_TOKEN=made-up-key-0001 GHCR_USERNAME=bot-account",
    "export GHCR_TOKEN=made-up-key-0001 GHCR_USERNAME=bot-account",
    "GHCR_TOKEN=made-up-key-0001; GHCR_USERNAME=bot-account",
    "GHCR_TOKEN=made-up-key-0001;GHCR_USERNAME=bot-account",
    "GHCR_TOKEN=made-up-key-0001 && export GHCR_USERNAME=bot-account",
    "GHCR_TOKEN=made-up-key-0001, GHCR_USERNAME=bot-account",
    'GHCR_TOKEN="made-up-key-0001" GHCR_USERNAME="bot-account"',
    String.raw`GHCR_TOKEN=made-up-key-0001\nGHCR_USERNAME=bot-account`,
    "GHCR_TOKEN=made-up-key-0001\tghcr-username=bot-account",
    "GHCR_TOKEN=made-up-key-0001\u2028GHCR_USERNAME=bot-account",
  ]) {
    it(`fails ${JSON.stringify(line)}, naming the variable that is lost`, () => {
      const compiled = compile(line);
      const found = reported(compiled).find((one) => one.includes("dotenv-two-on-a-line")) ?? "";
      assert.match(found, /^error dotenv-two-on-a-line \.env:1: GHCR_TOKEN .*GHCR.USERNAME/i);
      assert.doesNotMatch(JSON.stringify(compiled.findings), /made-up|bot-account/);
    });
  }
  it("refuses one after a quoted value, in addition to the quote", () =>
    assert.deepEqual(codes("GHCR_TOKEN='made-up-key-0001' GHCR_USERNAME=bot-account"), [
      "error dotenv-two-on-a-line .env:1",
      "error dotenv-stray-quote .env:1",
    ]));
  it("refuses a secret in the value of a setting", () =>
    assert.deepEqual(codes("PORT=1 GHCR_TOKEN=made-up-key-0001").slice(0, 1), ["error dotenv-two-on-a-line .env:1"]));
  it("warns of a name that the catalogue does not know, and does not show it", () => {
    const compiled = compile("GHCR_TOKEN=made-up SOME_NAME=x");
    assert.match(reported(compiled)[0] ?? "", /^warning dotenv-two-on-a-line .env:1: GHCR_TOKEN (?!.*SOME_NAME)/);
  });
  it("warns of a quoted value that contains the assignments of the lines below", () =>
    assert.ok(codes("GHCR_TOKEN='made-up\nGHCR_USERNAME=me'").includes("warning dotenv-two-on-a-line .env:1")));
  for (const line of [
    "GHCR_TOKEN='made-up-key GHCR_USERNAME=x'",
    "GHCR_TOKEN=made-up-key # GHCR_USERNAME=x",
    "GHCR_TOKEN=host=db user=made-up password=x sslmode=require",
    "GHCR_TOKEN=Server=db;Database=made-up;UID=sa;PWD=x",
    "GHCR_TOKEN=https://made-up/?a=1&GHCR_USERNAME=2",
    "GHCR_TOKEN=made-up -DGHCR_USERNAME=x",
    "GHCR_TOKEN=bWFkZQ== QUJD==",
    "PORT=1 OTHER_NAME=2",
  ]) {
    it(`reads ${line} as one assignment`, () =>
      assert.deepEqual(
        codes(line).filter((code) => code.includes("two-on")),
        [],
      ));
  }
});
