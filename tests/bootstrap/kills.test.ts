import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { BootstrapConfig } from "../../domain/bootstrap-config.ts";
import { external } from "./external.ts";
import { useRig } from "./use-rig.ts";

/** A sample; `npm run proof` sets 100. */
const rounds = Number(process.env["KILL_ROUNDS"] ?? 20);
/** A full run ends each so many rounds, and completes what the killed ones left. */
const roundsBetweenRuns = 10;
const standing = 6;

/** The phases in which something is under way, and how long after their beginning a kill may come. */
const moments = ["log-in", "list", "read", "check", "write", "write", "write", "write"];
const spreadInMs = 60;

describe("a run that is killed", function () {
  this.timeout(240_000);
  const rig = useRig();

  it(`leaves every secret at its old or its new value, ${rounds} times, and the next run completes it`, async () => {
    const kept = Array.from({ length: standing }, (_, index) => `killed-${index}`);
    const freshOf = (round: number) => `killed-fresh-${round}`;
    const fresh: string[] = [];
    const before = new Map<string, string | undefined>();
    let killedWhileWriting = 0;
    let previous: string | undefined;

    for (let round = 0; round < rounds; round++) {
      fresh.push(freshOf(round));
      const names = [...kept, ...fresh];
      const config = rig().config({
        secrets: names.map((name, index) => external(name, { required: index % 2 === 0 })),
      });
      await rig().vault.allow(config);
      const value = `value-of-round-${round}`;
      await rig().source.setSecrets(Object.fromEntries(names.map((name) => [name, value])));

      const moment = moments[round % moments.length] ?? "write";
      if (await killAt(config, moment)) killedWhileWriting++;
      await rig().cluster.endLease();
      const values = await Promise.all(names.map(async (name) => [name, await rig().vault.value(name)] as const));
      for (const [name, found] of values) {
        // the last round's too: a request that was on its way when its run was killed may arrive after we looked
        const known = [value, previous, before.get(name)];
        assert.ok(known.includes(found), `round ${round}: ${name} is neither old nor new: ${found}`);
        before.set(name, found);
      }
      previous = value;
      if (round % roundsBetweenRuns !== roundsBetweenRuns - 1) continue;

      // new values again: what a killed run wrote without its metadata must count as an earlier value
      const last = `value-after-round-${round}`;
      await rig().source.setSecrets(Object.fromEntries(names.map((name) => [name, last])));
      const result = await rig().runHere(config);
      assert.equal(result.code, 0, result.text);
      for (const name of names) assert.equal(await rig().vault.value(name), last);
      previous = last;
      fresh.length = 0;
      for (const name of kept) before.set(name, last);
    }

    assert.ok(killedWhileWriting >= rounds / 10, `${killedWhileWriting} kills hit the writing`);
  });

  /** @returns whether the run was writing when it was killed. */
  async function killAt(config: BootstrapConfig, moment: string): Promise<boolean> {
    const { child, result } = rig().launch(config);
    const seen = new Promise<void>((resolve) => {
      child.stdout?.on("data", (chunk: Buffer) => {
        if (chunk.toString().includes(`"phase":"${moment}","event":"phase"`)) resolve();
      });
      child.once("close", () => resolve());
    });
    await seen;
    await sleep(Math.random() * spreadInMs);
    child.kill("SIGKILL");
    const { code, text } = await result;
    return code === null && text.includes('"phase":"write"');
  }
});
