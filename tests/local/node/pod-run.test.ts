import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mock } from "node:test";
import { PodRun } from "../../../local/node/pod-run.ts";
import { FakeApi, podWithToken } from "./fake-api.ts";

describe("PodRun", () => {
  let dir: string;
  let cluster: FakeApi;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "node-stand-in-"));
    cluster = new FakeApi();
    mock.timers.enable({ apis: ["setTimeout"] });
  });
  afterEach(async () => {
    mock.timers.reset();
    await rm(dir, { recursive: true });
  });

  it("fails with the machine's reason where a container's folder cannot be made, and renews no token after that", async () => {
    await mkdir(join(dir, "containers"));
    await writeFile(join(dir, "containers", "main"), "in the way");
    const closing = new AbortController().signal;
    const reporter = { report: () => undefined };
    const host = { api: cluster.api, reporter, nodeBinary: process.execPath, closing };

    await new PodRun(host, podWithToken("a"), dir).ended;

    const { phase, reason } = cluster.statuses.at(-1) as { phase: string; reason: string };
    assert.deepEqual([phase, reason], ["Failed", "RunContainerError"]);
    mock.timers.tick(24 * 3_600_000);
    assert.equal(cluster.tokens, 1);
  });
});
