import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mock } from "node:test";
import { KubeApiError } from "../../../local/node/kube-api.ts";
import { mountVolumes } from "../../../local/node/volumes.ts";
import { FakeApi, podWithToken } from "./fake-api.ts";

const hour = 3_600_000;

describe("mountVolumes", () => {
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

  it("renews a token at 80 % of its life, until it is closed", async () => {
    const volumes = await mountVolumes(cluster.api, podWithToken("a"), dir);
    mock.timers.tick(hour * 0.79);
    assert.equal(cluster.tokens, 1);
    mock.timers.tick(hour * 0.02);
    assert.equal(cluster.tokens, 2);
    await volumes.close();
    mock.timers.tick(hour * 24);
    assert.equal(cluster.tokens, 2);
  });

  it("has ended a renewal that was being written when close resolves, so that the folder can go", async () => {
    const volumes = await mountVolumes(cluster.api, podWithToken("a"), dir);
    mock.timers.tick(hour);
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve(); // the token has come, nothing is on disk
    await volumes.close();
    assert.equal(await readFile(join(dir, "tokens", "token"), "utf8"), "token-2");
  });

  it("keeps the first token where a renewal came too late", async () => {
    const volumes = await mountVolumes(cluster.api, podWithToken("a"), dir);
    mock.timers.tick(hour);
    await volumes.close();
    assert.equal(await readFile(join(dir, "tokens", "token"), "utf8"), "token-1");
  });

  it("fails where an object is absent, and leaves no renewal of what it had mounted by then", async () => {
    const pod = podWithToken("a");
    const absent = { name: "config", configMap: { name: "later" } };
    const get = () => Promise.reject(new KubeApiError(404, "not found"));
    const api = Object.assign(cluster, { get }).api;
    const mounted = mountVolumes(
      api,
      { ...pod, spec: { ...pod.spec, volumes: [...(pod.spec.volumes ?? []), absent] } },
      dir,
    );
    await assert.rejects(mounted, { name: "NotYet" });
    assert.equal(cluster.tokens, 1);
    mock.timers.tick(hour * 24);
    assert.equal(cluster.tokens, 1);
  });
});
