import assert from "node:assert/strict";
import { once } from "node:events";
import { UserError } from "../../../domain/user-error.ts";
import { readRecords } from "../../../local/servers/records.ts";
import { startServers } from "../../../local/servers/start.ts";
import { stopServers } from "../../../local/servers/stop.ts";
import { whileServersRun } from "../../../local/servers/watch.ts";
import { isAlive } from "../../../local/process-identity.ts";
import { waitUntil } from "../../../local/wait-until.ts";
import { useServers } from "../../support/servers.ts";

describe("whileServersRun", function () {
  this.timeout(60_000);
  const servers = useServers(["openbao"]);
  const never = new AbortController().signal;
  const kill = () =>
    process.kill(readRecords(servers().home).find(({ name }) => name === "openbao")?.pid ?? 0, "SIGKILL");
  const start = () => startServers(servers().home, servers().binaries, { only: ["openbao"] });
  afterEach(start);

  const untilAborted = async (signal: AbortSignal): Promise<never> => {
    signal.throwIfAborted();
    await once(signal, "abort");
    throw signal.reason;
  };
  const namesOpenBao = (error: unknown): boolean =>
    error instanceof UserError &&
    error.code === "local-server-ended" &&
    /^openbao ended while it was needed\n {4}.*fix: .*openbao\.log$/s.test(error.message);

  it("stops waiting as soon as a server has died, and names the server and its log", async () => {
    const work = whileServersRun(servers().home, never, untilAborted);
    kill();
    await assert.rejects(work, namesOpenBao);
  });

  it("repeats the abort event for work that ends only at the second one, as Pulumi's engine does", async () => {
    const work = whileServersRun(servers().home, never, async (signal) => {
      await once(signal, "abort");
      await once(signal, "abort");
      throw new Error("terminated");
    });
    kill();
    await assert.rejects(work, namesOpenBao);
  });

  it("reports the dead server for an earlier failure that it caused", async () => {
    const work = whileServersRun(servers().home, never, async () => {
      const victim = readRecords(servers().home).find(({ name }) => name === "openbao");
      kill();
      await waitUntil(() => Promise.resolve(victim !== undefined && !isAlive(victim)), {
        inSeconds: 10,
        forWhat: "its end",
      });
      throw new Error("connection refused");
    });
    await assert.rejects(work, namesOpenBao);
  });

  it("returns and throws what the work does, and ignores a server that is restarted on purpose", async () => {
    const restart = async (): Promise<string> => {
      await stopServers(servers().home, { only: ["openbao"] });
      await start();
      return "done";
    };
    assert.equal(await whileServersRun(servers().home, never, restart), "done");
    await assert.rejects(
      whileServersRun(servers().home, never, () => Promise.reject(new Error("its own"))),
      /its own/,
    );
  });

  it("is stopped by its caller's signal, and throws its reason", async () => {
    const stop = new AbortController();
    const work = whileServersRun(servers().home, stop.signal, untilAborted);
    stop.abort(new Error("Ctrl-C"));
    await assert.rejects(work, /Ctrl-C/);
  });
});
