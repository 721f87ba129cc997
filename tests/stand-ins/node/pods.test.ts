import assert from "node:assert/strict";
import fs, { mkdir, mkdtemp, rm } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mock } from "node:test";
import { Pods } from "../../../stand-ins/node/pods.ts";
import { FakeApi, podWithToken } from "./fake-api.ts";

describe("Pods", () => {
  let dir: string;
  beforeEach(async () => (dir = await mkdtemp(join(tmpdir(), "node-stand-in-"))));
  afterEach(async () => {
    mock.restoreAll();
    syncBuiltinESMExports();
    await rm(dir, { recursive: true });
  });

  it("reports folders that cannot be removed, and continues: Azure's stand-in runs in the same process", async () => {
    await mkdir(join(dir, "left-by-a-former-run"));
    const reported: string[] = [];
    const full = Object.assign(new Error("ENOTEMPTY: directory not empty"), { code: "ENOTEMPTY" });
    mock.method(fs, "rm", () => Promise.reject(full));
    mock.method(process.stderr, "write", (text: string) => reported.push(text));
    syncBuiltinESMExports();
    const closing = new AbortController();
    const gone = podWithToken("gone", { nodeName: "another" });
    const cluster = Object.assign(new FakeApi(), {
      get: () => Promise.resolve({ metadata: { resourceVersion: "1" }, items: [] }),
      async *watch() {
        yield { type: "DELETED", object: gone };
        for (let turn = 0; reported.length < 2 && turn < 100_000; turn += 1)
          await new Promise((resolve) => setImmediate(resolve));
        closing.abort();
      },
    });
    const host = { api: cluster.api, report: () => undefined, closing: closing.signal };

    await new Pods(host, "node", dir).follow();

    mock.restoreAll();
    assert.deepEqual(
      reported.toSorted(),
      ["gone", "left-by-a-former-run"].map(
        (uid) => `node stand-in: cannot remove ${join(dir, uid)}: ENOTEMPTY: directory not empty\n`,
      ),
    );
  });
});
