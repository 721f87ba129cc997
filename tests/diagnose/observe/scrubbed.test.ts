import assert from "node:assert/strict";
import { scrubbed } from "../../../diagnose/observe/scrubbed.ts";

const value = "a-token-of-somebody";
const base64 = Buffer.from(value).toString("base64");

describe("scrubbed", () => {
  it("takes a value out of messages and logs, as it is and in base64", () => {
    const data = {
      log: { ok: true, value: [`wrote ${value}`] },
      externalSecrets: [
        { name: "x", warning: { reason: "UpdateFailed", message: `cannot parse ${base64}; ${value}!` } },
      ],
    };
    assert.deepEqual(scrubbed(data, new Set([value])), {
      log: { ok: true, value: ["wrote [redacted]"] },
      externalSecrets: [
        { name: "x", warning: { reason: "UpdateFailed", message: "cannot parse [redacted]; [redacted]!" } },
      ],
    });
  });
  it("leaves names as they are, and words that a short value is part of", () => {
    const data = { name: value, message: "the user is ada" };
    assert.deepEqual(scrubbed(data, new Set([value, "ada"])), data);
  });
});
