import assert from "node:assert/strict";
import { withoutValues } from "../../../diagnose/observe/fingerprint.ts";

const value = "a-token-of-somebody";
const base64 = Buffer.from(value).toString("base64");

describe("withoutValues", () => {
  it("removes a value from messages and logs, plain and in base64", () => {
    const data = {
      log: { ok: true, value: [`wrote ${value}`] },
      externalSecrets: [
        { name: "x", warning: { reason: "UpdateFailed", message: `cannot parse ${base64}; ${value}!` } },
      ],
    };
    assert.deepEqual(withoutValues(data, new Set([value])), {
      log: { ok: true, value: ["wrote [redacted]"] },
      externalSecrets: [
        { name: "x", warning: { reason: "UpdateFailed", message: "cannot parse [redacted]; [redacted]!" } },
      ],
    });
  });
  it("leaves names, and words that contain a short value", () => {
    const data = { name: value, message: "the user is ada" };
    assert.deepEqual(withoutValues(data, new Set([value, "ada"])), data);
  });
  it("removes a value of several lines from an Event with collapsed white space, and from annotations", () => {
    const key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\n-----END KEY-----\n";
    const data = {
      warned: { ok: true, value: [{ message: `bad ${key}`.replaceAll(/\s+/g, " ") }] },
      serviceAccounts: [{ name: "x", annotations: { "last-applied": JSON.stringify({ key }) } }],
      vault: { customMetadata: { note: encodeURIComponent(key) } },
    };
    assert.deepEqual(withoutValues(data, new Set([key])), {
      warned: { ok: true, value: [{ message: "bad [redacted] " }] },
      serviceAccounts: [{ name: "x", annotations: { "last-applied": '{"key":"[redacted]\\n"}' } }],
      vault: { customMetadata: { note: "[redacted]%0A" } },
    });
  });
});
