import assert from "node:assert/strict";
import { compile, reported } from "./compiled-dotenv.ts";

describe("valueFindings", () => {
  it("reports only that an empty value is empty", () => {
    assert.deepEqual(reported(compile("GHCR_TOKEN=")), ["error dotenv-empty .env:1: GHCR_TOKEN is empty"]);
  });

  it("refuses a value over 25 KB, counted in bytes", () => {
    assert.deepEqual(reported(compile(`GHCR_TOKEN=${"é".repeat(12_800)}`)), []);
    assert.deepEqual(reported(compile(`GHCR_TOKEN=${"é".repeat(12_801)}`)), [
      "error dotenv-too-large .env:1: GHCR_TOKEN has 25602 bytes, but Key Vault accepts at most 25600",
    ]);
  });

  it("warns of a line break, and keeps it", () => {
    const compiled = compile('GHCR_TOKEN="one\ntwo"');
    assert.match(reported(compiled)[0] ?? "", /^warning dotenv-newline \.env:1/);
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
    assert.match(reported(compile("GHCR_TOKEN=x-${OTHER}"))[0] ?? "", /^warning dotenv-not-expanded \.env:1/);
    assert.deepEqual(reported(compile("GHCR_TOKEN=pa$$word")), []);
  });

  it("refuses a quote that is not closed", () => {
    assert.match(reported(compile("GHCR_TOKEN='abcd"))[0] ?? "", /^error dotenv-stray-quote \.env:1/);
  });

  it("refuses a value of white space only", () => {
    assert.match(reported(compile("GHCR_TOKEN='  '"))[0] ?? "", /^error dotenv-empty/);
  });

  it("refuses a value that is shorter than its entry says", () => {
    assert.deepEqual(reported(compile("GHCR_TOKEN=abc")), [
      "error dotenv-too-short .env:1: GHCR_TOKEN is shorter than 4 characters",
    ]);
  });

  it("refuses a placeholder and a known fixture in every environment", () => {
    for (const environment of ["dev", "prod", "local", "shared"] as const) {
      assert.match(reported(compile("GHCR_TOKEN=changeme", { environment }))[0] ?? "", /^error dotenv-placeholder/);
      assert.match(reported(compile("GHCR_TOKEN=minioadmin", { environment }))[0] ?? "", /^error dotenv-fixture/);
    }
  });

  for (const value of [
    "__REPLACE_ME__",
    "your_anthropic_api_key",
    "generate_a_new_key",
    "your-api-key-here",
    "YOUR API KEY",
    "yourApiKey",
    "yourpassword",
    "<your-key>",
    "<API_KEY>",
    "[your token]",
    "{your_token}",
    "@@TOKEN@@",
    "#{Token}#",
    "%TOKEN%",
    "sk-...",
    "sk-ant-api03-...",
    "sk-xxxxxxxxxxxx",
    "sk_test_XXXXXXXX",
    "ghp_your_token_here",
    "sk-your-openai-key",
    "AKIAXXXXXXXXXXXXXXXX",
    "AKIAIOSFODNN7EXAMPLE",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "xoxb-xxxx-xxxx-xxxx",
    "xxxx",
    "********",
    "!ChangeThisMercureHubJWTSecretKey!",
    "ThisTokenIsNotSoSecretChangeIt",
    "super-secret-jwt-token-with-at-least-32-characters-long",
    "this_password_is_insecure_and_should_be_updated",
    "dev-secret-change-in-production",
    "use-openssl-rand-hex-32",
    "a-long-random-string",
    "password",
    "change_me",
    "change-this-in-production",
    "changethis",
    "ChangeMe123!",
    "please-change-me",
    "replace-with-real-key",
    "replaceme",
    "insert_token_here",
    "enter your key",
    "put-your-key-here",
    "fill_me_in",
    "set-me",
    "generate-with-openssl-rand",
    "TODO",
    "tbd",
    "placeholder",
    "dummy-key",
    "example_token",
    "not-a-real-key",
    "api-key-goes-here",
    "my-secret-key",
    "REDACTED",
    "postgres://user:password@localhost:5432/app",
    "https://app:Zk3vXw81@db.example.com/x",
    "you@example.com",
    "postgresql://postgres:[YOUR-PASSWORD]@db.project.supabase.co:5432/postgres",
    "mongodb+srv://app:<password>@cluster0.mongodb.net/app",
    "https://your-project.supabase.co",
  ]) {
    it(`refuses the placeholder ${value}, as vendors and people write it`, () => {
      const [found = ""] = reported(compile(`GHCR_TOKEN='${value}'`));
      assert.match(found, /^error dotenv-placeholder \.env:1: GHCR_TOKEN is a placeholder$/);
    });
  }
  for (const value of [
    "ghp_madeupmadeupmadeupmadeupmadeup12",
    "Zk3vXw81qTnA0pLs",
    "correct horse battery staple",
    "change4life-Zk3vXw81",
    "yourself-and-others-7Gh2",
    "bot-account",
    "sk-ant-api03-Zk3vXw81qTnA0pLsxxxx",
    "AKIAQ7EXAMPL3KEY7777",
    "https://app:Zk3vXw81@db.examples.com/x",
    '{"type":"x","auth":{"scopes":{"a":1}}}',
    '["a","b"]',
    "todos-los-santos-Zk3",
    "a]b[c<d>e",
    "postgres://user:Zk3vXw81qT@db.internal:5432/app",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln",
    "my-company-bot",
    "00000000-0000-0000-0000-000000000000", // the user by which a token logs in to Azure's registry
    "__token__", // PyPI's user
    "apikey", // SendGrid's user
    "x-access-token",
    "$oauthtoken", // NVIDIA's user
    "+49 30 0000000",
  ]) {
    it(`accepts ${value} as a real value`, () => assert.deepEqual(reported(compile(`GHCR_TOKEN='${value}'`)), []));
  }

  for (const value of ["{{ .Values.token }}", "redis://{{ password }}@redis", '{"a":"{{ .b }}"}']) {
    it(`refuses the template ${value}, which nothing fills in, as the program does`, () =>
      assert.match(reported(compile(`GHCR_TOKEN='${value}'`))[0] ?? "", /^error dotenv-unrendered \.env:1/));
  }
  for (const value of ['{"type":"x","auth":{"scopes":{"a":1}}}', "ab}}cd", "ab{{cd", "a}}b{{c"]) {
    it(`accepts ${value}: its braces are not a template`, () =>
      assert.deepEqual(reported(compile(`GHCR_TOKEN='${value}'`)), []));
  }

  it("accepts a sample value in local, and refuses it elsewhere", () => {
    assert.deepEqual(reported(compile("GHCR_TOKEN=sample-token", { environment: "local" })), []);
    for (const environment of ["dev", "staging", "prod", "shared"] as const) {
      assert.deepEqual(reported(compile("GHCR_TOKEN=sample-token", { environment })), [
        "error dotenv-fixture .env:1: GHCR_TOKEN is a sample value, which only local accepts",
      ]);
    }
  });
});

describe("sameValueFindings", () => {
  it("warns of two secrets with one value, naming both, unless it is too short", () => {
    const value = "one-long-value-of-two";
    assert.deepEqual(reported(compile(`GHCR_TOKEN=${value}\nPORT=${value}\nGHCR_USERNAME=${value}`)).slice(0, 1), [
      "warning dotenv-same-value .env:3: GHCR_USERNAME has the same value as GHCR_TOKEN (.env:1)",
    ]);
    assert.deepEqual(reported(compile("GHCR_TOKEN=abcd\nGHCR_USERNAME=abcd")), []);
  });
});
