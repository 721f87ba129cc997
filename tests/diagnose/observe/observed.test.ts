import assert from "node:assert/strict";
import fc from "fast-check";
import { ServerError } from "../../../clients/http.ts";
import { fingerprinter } from "../../../diagnose/observe/fingerprint.ts";
import { observed, together } from "../../../diagnose/observe/observed.ts";

describe("observed", () => {
  const kind = async (error: Error) => {
    const part = await observed("read it", () => Promise.reject(error));
    return part.ok ? "ok" : part.failure.kind;
  };
  it("distinguishes a refused login, a missing right, a missing object, throttling, a failure and an absent server", async () => {
    const statuses = [401, 403, 404, 429, 500];
    assert.deepEqual(await Promise.all(statuses.map((status) => kind(new ServerError(status, "x")))), [
      "unauthorized",
      "forbidden",
      "not-found",
      "throttled",
      "failed",
    ]);
    assert.equal(await kind(new Error("connect ECONNREFUSED")), "unreachable");
  });
});

describe("together", () => {
  it("names what is missing in each namespace, once", () => {
    const failed = (namespace: string, message: string) =>
      ({ ok: false, failure: { kind: "forbidden", message, asked: `list pods in ${namespace}` } }) as const;
    assert.deepEqual(together([failed("a", "no a"), failed("b", "no b"), failed("b", "no b")]), {
      ok: false,
      failure: { kind: "forbidden", message: "no a; no b", asked: "list pods in a; list pods in b" },
    });
  });
  it("is a failure if one part failed: half a list is not a list", () => {
    const failed = { ok: false, failure: { kind: "forbidden", message: "m", asked: "a" } } as const;
    assert.deepEqual(together([{ ok: true, value: [1] }, failed]), failed);
    assert.deepEqual(
      together([
        { ok: true, value: [1] },
        { ok: true, value: [2] },
      ]),
      { ok: true, value: [1, 2] },
    );
  });
});

describe("fingerprinter", () => {
  const print = fingerprinter({ values: ["minioadmin", "sample-*"], placeholders: ["CHANGEME", "placeholder_*"] });
  it("gives equal digests to equal values and others to others", () =>
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }),
        fc.string({ minLength: 1 }),
        (a, b) => (print(a).digest === print(b).digest) === (a === b),
      ),
    ));
  it("contains nothing of the value except its length", () =>
    fc.assert(fc.property(fc.string({ minLength: 17 }), (value) => !JSON.stringify(print(value)).includes(value))));
  it("distinguishes a placeholder, a fixture, a sample and an empty value from a real one", () =>
    assert.deepEqual(
      ["changeme", "placeholder_x", "minioadmin", "sample-token", "", "ghp_real"].map(
        (value) => print(value).looksLike,
      ),
      ["placeholder", "placeholder", "fixture", "sample", "empty", "value"],
    ));
});
