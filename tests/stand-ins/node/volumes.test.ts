import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { mock } from "node:test";
import { mountVolumes } from "../../../stand-ins/node/volumes.ts";
import { podWithToken, usePodSetup } from "./fake-api.ts";

const hour = 3_600_000;

describe("mountVolumes", () => {
  const place = usePodSetup();

  it("renews a token at 80 % of its life, until it is closed", async () => {
    const volumes = await mountVolumes(place.cluster.api, podWithToken("a"), place.dir);
    mock.timers.tick(hour * 0.79);
    assert.equal(place.cluster.tokens, 1);
    mock.timers.tick(hour * 0.02);
    assert.equal(place.cluster.tokens, 2);
    await volumes.close();
    mock.timers.tick(hour * 24);
    assert.equal(place.cluster.tokens, 2);
  });

  it("has finished a renewal in progress when close resolves, so that the folder can be removed", async () => {
    const volumes = await mountVolumes(place.cluster.api, podWithToken("a"), place.dir);
    mock.timers.tick(hour);
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve(); // the token has come, nothing is on disk
    await volumes.close();
    assert.equal(await readFile(join(place.dir, "tokens", "token"), "utf8"), "token-2");
  });

  it("keeps the first token if a renewal came too late", async () => {
    const volumes = await mountVolumes(place.cluster.api, podWithToken("a"), place.dir);
    mock.timers.tick(hour);
    await volumes.close();
    assert.equal(await readFile(join(place.dir, "tokens", "token"), "utf8"), "token-1");
  });

  it("fails if an object is missing, and stops the renewal of what it had mounted", async () => {
    const pod = podWithToken("a");
    const absent = { name: "config", configMap: { name: "later" } };
    const api = Object.assign(place.cluster, { find: () => Promise.resolve(undefined) }).api;
    const mounted = mountVolumes(
      api,
      { ...pod, spec: { ...pod.spec, volumes: [...(pod.spec.volumes ?? []), absent] } },
      place.dir,
    );
    await assert.rejects(mounted, { name: "NotYet" });
    assert.equal(place.cluster.tokens, 1);
    mock.timers.tick(hour * 24);
    assert.equal(place.cluster.tokens, 1);
  });
});
