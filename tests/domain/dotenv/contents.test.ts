import assert from "node:assert/strict";
import { compile, compileFiles, reported } from "./compiled-dotenv.ts";

function codes(text: string): readonly string[] {
  const compiled = compile(text);
  assert.doesNotMatch(JSON.stringify(compiled.findings), /made-?up/);
  return compiled.findings.map(({ severity, code, where = "" }) => `${severity} ${code} ${where}`);
}

describe("references that nothing resolves", () => {
  for (const value of [
    "$(cat made-up)",
    "'prefix-$(made-up)'",
    "${MADE_UP}",
    "${MADE_UP:?}",
    "${MADE_UP:-made-up}",
    "https://${HOST}/made-up",
    "$MADE_UP",
    "`made-up --version`",
    "pre-`date made-up`",
    "op://made-up/item/field",
    "'ref+vault://secret/made-up#/x'",
    "'vault:secret/data/made-up#key'",
    "@Microsoft.KeyVault(SecretUri=https://made-up.vault.azure.net/secrets/x)",
    "arn:aws:secretsmanager:eu-west-1:123456789012:secret:made-up",
    "projects/made-up/secrets/x/versions/latest",
    "secretref:made-up",
    "/run/secrets/made-up",
  ]) {
    it(`warns of ${value}: the text itself is stored`, () =>
      assert.deepEqual(codes(`GHCR_TOKEN=${value}`), ["warning dotenv-not-expanded .env:1"]));
  }
  it("warns of a reference to a variable of the same files", () =>
    assert.deepEqual(codes("GHCR_USERNAME=me\nGHCR_TOKEN=made-up-$GHCR_USERNAME-x"), [
      "warning dotenv-not-expanded .env:2",
    ]));
  for (const value of [
    "pa$$word",
    "made-up$up1",
    "$oauthtoken",
    "a$b(c)",
    "$2b$10$made.up.made.up",
    '`it\'s a "made-up"`',
  ]) {
    it(`accepts ${value} as it is written`, () => assert.deepEqual(codes(`GHCR_TOKEN=${value}`), []));
  }
});

describe("ciphertext", () => {
  for (const value of [
    `encrypted:${"BMadeup+/".repeat(10)}==`,
    "encrypted:BMadeup",
    "ENC[AES256_GCM,data:madeup==,iv:x=,tag:y==,type:str]",
    "ENC(madeup/madeup==)",
    "{cipher}madeupmadeup",
    "'$ANSIBLE_VAULT;1.1;AES256 madeup'",
    "vault:v1:madeup+madeup==",
  ]) {
    it(`refuses ${value.slice(0, 20)}: only the tool that encrypted it can read it`, () =>
      assert.deepEqual(codes(`GHCR_TOKEN=${value}`), ["error dotenv-ciphertext .env:1"]));
  }
});

describe("characters that nobody sees or types", () => {
  for (const [value, name] of [
    ["made\u200bup", "U+200B"],
    ["made\u00a0up", "U+00A0"],
    ["made\u200dup", "U+200D"],
    ["'made-up\ufeff'", "U+FEFF"],
    ["made\u202fup", "U+202F"],
    ["made\u00adup", "U+00AD"],
    ["made\u200eup", "U+200E"],
    ["made\u0007up", "U+0007"],
    ["made\u001b[0mup", "U+001B"],
  ] as const) {
    it(`warns of ${name} and names it`, () => {
      const compiled = compile(`GHCR_TOKEN=${value}`);
      assert.match(
        reported(compiled).join("\n"),
        new RegExp(`^warning dotenv-invisible-character .env:1: .*\\${name.slice(0, 1)}\\+${name.slice(2)}`),
      );
    });
  }
  for (const value of ["“made-up”", "‘made-up’", "«made-up»", "„made-up“", "made’up", "made—up"]) {
    it(`warns of ${value}: typographic characters are stored`, () =>
      assert.deepEqual(codes(`GHCR_TOKEN=${value}`), ["warning dotenv-typographic .env:1"]));
  }
  it("accepts a no-break space at the end, which dotenv removes", () => {
    const compiled = compile("GHCR_TOKEN=abcd\u00a0");
    assert.deepEqual(reported(compiled), []);
    assert.equal(compiled.values.get("ghcr-token")?.reveal(), "abcd");
  });
  it("accepts letters of any language", () => assert.deepEqual(codes("GHCR_TOKEN=pässwörd-密码"), []));
  it("says which character keeps dotenv from reading a line", () => {
    assert.match(reported(compile("GHCR_TOKEN\u200b=abcd"))[0] ?? "", /^error dotenv-line-unread .env:1: .*U\+200B/);
    assert.match(reported(compile("GHCR_TOKEN＝abcd"))[0] ?? "", /^error dotenv-line-unread .env:1: .*U\+FF1D/);
  });
});

describe("encodings", () => {
  const read = (bytes: Buffer): readonly string[] =>
    reported(compileFiles([{ path: ".env", text: bytes.toString("utf8"), tracked: false, mode: 0o600 }]));
  const text = "GHCR_TOKEN=abcd\r\nGHCR_USERNAME=me\r\n";
  it("refuses a file in UTF-16, once, with the command that converts it", () => {
    for (const bytes of [
      Buffer.from(`\ufeff${text}`, "utf16le"),
      Buffer.from(`\ufeff${text}`, "utf16le").swap16(),
      Buffer.from(text, "utf16le"),
    ]) {
      const found = read(bytes);
      assert.equal(found.length, 1);
      assert.match(found[0] ?? "", /^error dotenv-not-utf8 .env: /);
    }
    const { findings } = compileFiles([
      { path: "a b.env", text: Buffer.from(`\ufeff${text}`, "utf16le").toString("utf8"), tracked: false },
    ]);
    assert.match(findings[0]?.fix ?? "", /iconv -f UTF-16 -t UTF-8 'a b.env'/);
  });
  it("refuses a file that is not text, such as one that git-crypt has locked", () =>
    assert.match(read(Buffer.from("\0GITCRYPT\0\x01\x02"))[0] ?? "", /^error dotenv-not-utf8 .env: .*git-crypt/));
  it("refuses a value in Latin-1, whose letters are lost", () =>
    assert.deepEqual(
      read(Buffer.from("GHCR_TOKEN=pässword\n", "latin1")).map((one) => one.split(":")[0]),
      ["error dotenv-not-utf8 .env"],
    ));
  it("reads a byte order mark of UTF-8 and Windows' line endings as dotenv does", () => {
    const compiled = compile(`\ufeff${text}`);
    assert.deepEqual(reported(compiled), []);
    assert.deepEqual(
      [...compiled.values.values()].map((value) => value.reveal()),
      ["abcd", "me"],
    );
  });
});
