import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mock } from "node:test";
import { PodRun } from "../../../stand-ins/node/pod-run.ts";
import { podWithToken, usePodSetup } from "./fake-api.ts";

describe("PodRun", () => {
  const place = usePodSetup();

  it("fails with the operating system's reason if a container's folder cannot be created, and stops renewing tokens", async () => {
    await mkdir(join(place.dir, "containers"));
    await writeFile(join(place.dir, "containers", "main"), "in the way");
    const closing = new AbortController().signal;
    const host = { api: place.cluster.api, report: () => undefined, closing };

    await new PodRun(host, podWithToken("a"), place.dir).ended;

    const { phase, reason } = place.cluster.statuses.at(-1) as { phase: string; reason: string };
    assert.deepEqual([phase, reason], ["Failed", "RunContainerError"]);
    mock.timers.tick(24 * 3_600_000);
    assert.equal(place.cluster.tokens, 1);
  });
});
