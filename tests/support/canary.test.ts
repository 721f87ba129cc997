import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { canariesInFiles, canarySearch } from "./canary.ts";

const values = {
  token: "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
  punctuation: String.raw`p&ss/w<rd+"=';%C3\x{}$(id)~`,
  multiline: "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\n-----END KEY-----\n",
  nonAscii: "pässwörd-→-🔑-日本語",
  json: '{"user":"a","password":"q\\"w e"}',
};

/** Programs that write a value into a text, each in its own way. */
const plantings: Readonly<Record<string, (value: string) => string>> = {
  "a log line": (value) => `level=info token=${value} done`,
  "a JSON document": (value) => JSON.stringify({ value }),
  "a JSON document in a JSON string": (value) => JSON.stringify({ text: JSON.stringify({ value }) }),
  "a Kubernetes Secret": (value) => JSON.stringify({ data: { key: Buffer.from(value).toString("base64") } }),
  "a dockerconfigjson": (value) => Buffer.from(JSON.stringify({ auth: Buffer.from(`user:${value}`).toString("base64") })).toString(), // prettier-ignore
  "a token in base64url": (value) => `eyJ.${Buffer.from(`xx${value}yyy`).toString("base64url")}.sig`,
  "a URL": (value) => `https://host/path?token=${encodeURIComponent(value)}&x=1`,
  "a form": (value) => new URLSearchParams({ value, more: "x" }).toString(),
  "a page": (value) =>
    `<td>${value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;").replaceAll("'", "&#39;")}</td>`,
  "a hexadecimal dump": (value) => `0000 ${Buffer.from(value).toString("hex")}`,
  "a digest": (value) => `sha256:${createHash("sha256").update(value).digest("hex")}`,
  "an annotation with a hash": (value) => createHash("sha1").update(value).digest("base64"),
};

describe("canarySearch", () => {
  const search = canarySearch(values);
  for (const [where, plant] of Object.entries(plantings)) {
    it(`finds each planted value in ${where}`, () => {
      for (const [name, value] of Object.entries(values)) {
        assert.ok(
          search(plant(value)).some((found) => found.startsWith(`${name} (`)),
          `${name}: ${plant(value)}`,
        );
      }
    });
  }

  it("finds nothing in a text without them, and no keyed hash", () => {
    const keyed = createHash("sha256").update(`key${values.token}`).digest("hex");
    assert.deepEqual(search(`ghp_ p&ss key ${keyed} ${Buffer.from("ordinary words").toString("base64")}`), []);
  });

  it("searches the files of a folder, except those that may contain values", () => {
    const dir = mkdtempSync(join(tmpdir(), "canary-"));
    try {
      writeFileSync(join(dir, "log"), `token ${values.token}`);
      writeFileSync(join(dir, "vault"), values.token);
      assert.deepEqual(canariesInFiles(dir, search, [join(dir, "vault")]), ["log: token (clear)"]); // prettier-ignore
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
