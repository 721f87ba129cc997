import assert from "node:assert/strict";
import type { DotenvFile } from "../../../domain/dotenv/files.ts";
import { compile, compileFiles, reported } from "./compiled-dotenv.ts";

describe("mergeFiles", () => {
  it("uses the value of the later file, and names its line", () => {
    const files = [
      { path: ".env", text: "GHCR_TOKEN=\nGHCR_USERNAME=me", tracked: false },
      { path: ".env.local", text: "# mine\nGHCR_TOKEN=abcd", tracked: false },
    ];
    const compiled = compileFiles(files);
    assert.equal(compiled.values.get("ghcr-token")?.reveal(), "abcd");
    assert.deepEqual(compiled.findings, []);
    const emptied = compileFiles([...files, { path: ".env.more", text: "\nGHCR_TOKEN=", tracked: false }]);
    assert.match(reported(emptied)[0] ?? "", /^error dotenv-empty \.env\.more:2: GHCR_TOKEN is empty$/);
  });

  it("refuses the same variable twice in one file, naming both lines", () => {
    const compiled = compile("GHCR_TOKEN=abcd\n\nGHCR_TOKEN=efgh");
    assert.deepEqual(reported(compiled), [
      "error dotenv-duplicate .env:3: GHCR_TOKEN is set twice, here and at .env:1",
    ]);
  });

  it("does not read a file with thousands of blank lines, which dotenv parses very slowly", () => {
    const compiled = compile(`GHCR_TOKEN=abcd\n${"\n".repeat(1001)}GHCR_USERNAME=me`);
    assert.deepEqual(
      reported(compiled).filter((one) => one.includes("dotenv-too-blank")),
      [
        "error dotenv-too-blank .env:1: more than 1000 spaces and line breaks follow each other here, so the file is not read",
      ],
    );
    assert.deepEqual(reported(compile(`GHCR_TOKEN=abcd\n${"\n".repeat(999)}`)), []);
  });

  it("refuses a line that is part of an unquoted value, without showing it", () => {
    const compiled = compile(
      "GHCR_TOKEN=-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC==\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC==",
    );
    assert.deepEqual(
      reported(compiled),
      [
        "error dotenv-value-spills .env:3: this line looks like part of the value above it, and dotenv reads it as a variable of its own",
        "error dotenv-duplicate .env:3: (a name that looks like part of a value) is set twice, here and at .env:2",
      ].toReversed(),
    );
  });
});

describe("fileFindings", () => {
  const file = (path: string, tracked: DotenvFile["tracked"], mode = 0o600): DotenvFile => ({
    path,
    text: "GHCR_TOKEN=abcd",
    tracked,
    mode,
  });
  it("refuses a file that git tracks", () => {
    assert.deepEqual(reported(compileFiles([file("sub/.env", true)])), [
      "error dotenv-tracked sub/.env: git tracks sub/.env, so every value in it is in the history",
    ]);
  });
  it("refuses a file if it cannot find out whether git tracks it, with the reason; in local not .env.example", () => {
    const refusal = { problem: "fatal: detected dubious ownership", fix: "git config safe.directory" };
    assert.deepEqual(reported(compileFiles([file(".env", refusal)])), [
      "error dotenv-git-unknown .env: cannot find out whether git tracks .env: fatal: detected dubious ownership",
    ]);
    assert.deepEqual(reported(compileFiles([file(".env.example", refusal)], { environment: "local" })), []);
  });
  it("accepts the tracked .env.example in local only", () => {
    assert.deepEqual(reported(compileFiles([file(".env.example", true)], { environment: "local" })), []);
    assert.match(
      reported(compileFiles([file(".env.example", true)]))[0] ?? "",
      /^error dotenv-tracked .*only local accepts, not dev$/,
    );
  });
  it("warns of a file that other users can read, with the chmod", () => {
    const { findings } = compileFiles([file(".env", false, 0o644)]);
    assert.deepEqual(
      findings.map(({ severity, code, fix }) => [severity, code, fix]),
      [["warning", "dotenv-readable-by-others", "chmod 600 .env"]],
    );
  });
});
