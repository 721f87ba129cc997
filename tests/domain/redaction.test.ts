import assert from "node:assert/strict";
import { redactionOf } from "../../domain/redaction.ts";

const values = {
  token: "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
  punctuation: String.raw`p&ss/w<rd+"=';%C3\x{}$(id)~`,
  multiline:
    "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nAQEFAASCBKcwggSjAgEAAoIB\n-----END PRIVATE KEY-----\n",
  nonAscii: "pässwörd-→-🔑-日本語",
  escaped: String.raw`first line\nsecond line\tC:\new\u00e9`,
  spaces: "correct horse battery staple",
} as const;

const perCharacter = (text: string, encode: (code: number) => string) =>
  Array.from(text)
    .map((one) => encode(one.codePointAt(0) ?? 0))
    .join("");
const base64 = (text: string) => Buffer.from(text).toString("base64");
const hex = (text: string) => Buffer.from(text).toString("hex");
const units = (text: string) =>
  Array.from({ length: text.length }, (_, at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, "0")}`).join("");

/** What programs make of a value before it gets into an Event, a log or an error. */
const encodings: Readonly<Record<string, (value: string) => string>> = {
  clear: (value) => value,
  "white space collapsed": (value) => value.replaceAll(/\s+/g, " "),
  "white space removed": (value) => value.replaceAll(/\s+/g, ""),
  "indented, as YAML": (value) => value.replaceAll("\n", "\n      "),
  "JSON string": (value) => JSON.stringify(value),
  "JSON string in a JSON string": (value) => JSON.stringify(JSON.stringify(value)),
  "JSON string, collapsed after that": (value) => JSON.stringify(value).replaceAll(String.raw`\n`, " "),
  "JSON string of PHP": (value) => JSON.stringify(value).replaceAll("/", String.raw`\/`),
  "JSON string of Go": (value) =>
    JSON.stringify(value).replaceAll(/[<>&]/g, (one) => `\\u00${one.charCodeAt(0).toString(16)}`),
  "ASCII JSON": units,
  "ASCII JSON, upper case": (value) => units(value).replaceAll(/[a-f]/g, (digit) => digit.toUpperCase()),
  "bytes as \\x": (value) => Buffer.from(value).reduce((text, byte) => `${text}\\x${byte.toString(16).padStart(2, "0")}`, ""), // prettier-ignore
  "URL component": encodeURIComponent,
  "URL component, lower case": (value) =>
    encodeURIComponent(value).replaceAll(/%../g, (escape) => escape.toLowerCase()),
  "URL form": (value) => new URLSearchParams({ value }).toString().slice("value=".length),
  "URL component twice": (value) => encodeURIComponent(encodeURIComponent(value)),
  "JSON in a URL": (value) => encodeURIComponent(JSON.stringify({ value })),
  "HTML by name": (value) =>
    value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;").replaceAll("'", "&#39;"), // prettier-ignore
  "HTML by number": (value) => perCharacter(value, (code) => `&#${code};`),
  "HTML by hexadecimal number": (value) => perCharacter(value, (code) => `&#x${code.toString(16)};`),
  "shell word": (value) => `'${value.replaceAll("'", String.raw`'\''`)}'`,
  base64,
  "base64 after one byte": (value) => base64(`x${value}y`),
  "base64 after two bytes": (value) => base64(`xx${value}y`),
  "base64 in lines of 76": (value) => base64(`xxx${value}`.repeat(3)).replaceAll(/.{76}/g, "$&\n"),
  "base64 without padding, in a path": (value) => `a/${base64(value).replaceAll("=", "")}/b`,
  base64url: (value) => Buffer.from(value).toString("base64url"),
  "base64 in a URL": (value) => encodeURIComponent(base64(value)),
  "base64 of base64": (value) => base64(base64(value)),
  "base64 of JSON": (value) => base64(JSON.stringify({ data: { value } })),
  hex,
  "hex, upper case": (value) => hex(value).toUpperCase(),
  "hex with colons": (value) => hex(value).replaceAll(/..(?=.)/g, "$&:"),
  "hex after half a byte": (value) => `0${hex(value)}`,
};

describe("redactionOf", () => {
  for (const [kind, value] of Object.entries(values)) {
    const redact = redactionOf(["another-value-of-no-interest", value]);
    for (const [encoding, encode] of Object.entries(encodings)) {
      it(`removes a value with ${kind} as ${encoding}`, () => {
        const shown = encode(value);
        const text = `cannot parse ${shown}, see the log`;
        const left = redact(text);
        assert.ok(!left.includes(shown) && left.includes("[redacted]"), left);
        const [before, ...pieces] = left.split("[redacted]");
        assert.match(before ?? "", /^cannot parse /, "the text around it stays");
        assert.match(pieces.at(-1) ?? "", /, see the log$/, "the text around it stays");
        const rest = left.slice("cannot parse ".length, -", see the log".length).replaceAll("[redacted]", "");
        // padding, quotes and what the encoding put around the value
        assert.ok(
          rest.length <= 32 + (encoding.includes("76") ? 60 : 0),
          `${rest.length} characters are left: ${rest}`,
        );
      });
    }
  }

  it("removes a value that an error message truncated, in the middle and at the end", () => {
    const redact = redactionOf([values.token, values.multiline]);
    assert.equal(
      redact(`bad token ${values.token.slice(0, 20)}... (truncated)`),
      "bad token [redacted]... (truncated)",
    );
    assert.equal(redact(`bad token ${values.token.slice(0, 9)}`), "bad token [redacted]");
    assert.equal(redact(`bad token ${values.token.slice(0, 9)}...`), "bad token [redacted]...");
    assert.equal(redact("line 2: AQEFAASCBKcwggSjAgEAAoIB"), "line 2: [redacted]");
  });

  it("removes the passwords inside a registry's login and a URL", () => {
    const login = JSON.stringify({ auths: { "ghcr.io": { username: "bot", password: values.token } } });
    const redact = redactionOf([login, "postgresql://app:S3cret-of-app@db:5432/app"]);
    assert.equal(redact(`denied for ${values.token}`), "denied for [redacted]");
    assert.equal(redact("password S3cret-of-app is wrong"), "password [redacted] is wrong");
  });

  it("removes a short value as a whole word, also encoded, and leaves words that contain it", () => {
    const redact = redactionOf(["Xy7_q"]);
    assert.equal(redact('password "Xy7_q" of Xy7_q, Xy7_qz'), 'password "[redacted]" of [redacted], Xy7_qz');
    assert.equal(redact(`data ${base64("Xy7_q")} ${hex("Xy7_q")}`), "data [redacted] [redacted]");
  });

  it("removes a short value that is an ordinary word only if it is shown as a value", () => {
    const redact = redactionOf(["admin", "5432", "ab"]);
    assert.equal(
      redact(`user=admin, "admin", 'ab'; the admin of port 5432 in ab`),
      `user=[redacted], "[redacted]", '[redacted]'; the admin of port 5432 in ab`,
    );
    assert.equal(redact(`data: ${base64("admin")}`), "data: [redacted]");
  });

  it("does not change a text without values, and ignores an empty value", () => {
    const text = 'SecretStore "ameide-vault" is not ready: Code: 503. Errors: * Vault is sealed (100%25, \\n, &amp;)';
    assert.equal(redactionOf([...Object.values(values), "", " "])(text), text);
  });

  it("redacts twenty texts of ten kilobytes for three hundred values in seconds", () => {
    const many = Array.from({ length: 300 }, (_, index) => `value-number-${index}-${base64(String(index * 7919))}`);
    const redact = redactionOf(many);
    const text = `${"Readiness probe failed: HTTP probe failed with statuscode: 503; ".repeat(160)} ${many[7]}`;
    const started = performance.now();
    for (let index = 0; index < 20; index++) assert.match(redact(`${index} ${text}`), /\[redacted\]$/);
    assert.ok(performance.now() - started < 10_000);
  });
});
