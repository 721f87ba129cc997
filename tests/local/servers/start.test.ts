import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { UserError } from "../../../domain/user-error.ts";
import { localDown, stopServers } from "../../../local/servers/stop.ts";
import { ensureHome, localHome, lockHome, type LocalHome } from "../../../local/home.ts";
import { isAlive } from "../../../local/process-identity.ts";
import { readRecords, findUnrecorded, serverStates } from "../../../local/servers/records.ts";
import type { ServerName } from "../../../local/servers/server.ts";
import { startServers } from "../../../local/servers/start.ts";
import { exchange } from "../../../clients/http.ts";
import type { Binaries } from "../../../local/toolchain/pieces.ts";
import { filesIn, openToOthers } from "../../support/files.ts";
import { forget, temporaryHome, testBinaries, useServers } from "../../support/servers.ts";

const startOpenBao = (home: LocalHome, binaries: Binaries) => startServers(home, binaries, { only: ["openbao"] });

/** OpenBao is the lightest of the servers, and one is enough to see how any is kept. */
describe("startServers", function () {
  this.timeout(60_000);
  const servers = useServers(["openbao"]);
  const pidOf = (name: ServerName) => readRecords(servers().home).find((record) => record.name === name)?.pid ?? 0;
  const start = () => startOpenBao(servers().home, servers().binaries);

  it("does not restart a server that works", async () => {
    const before = pidOf("openbao");
    assert.deepEqual(await start(), []);
    assert.equal(pidOf("openbao"), before);
  });

  it("starts what was killed", async () => {
    process.kill(pidOf("openbao"), "SIGKILL");
    assert.deepEqual(await start(), ["openbao"]);
    assert.equal(await vaultStatus(servers().home.vaultUrl), 200);
  });

  it("restarts a server that hangs", async () => {
    const before = pidOf("openbao");
    process.kill(before, "SIGSTOP");
    assert.deepEqual(await start(), ["openbao"]);
    assert.notEqual(pidOf("openbao"), before);
  });

  it("ends one of its own servers without a record, and starts it again", async () => {
    const before = pidOf("openbao");
    rmSync(servers().home.serversFile);
    assert.deepEqual(await start(), ["openbao"]);
    assert.notEqual(pidOf("openbao"), before);
    assert.deepEqual(findUnrecorded(servers().home, readRecords(servers().home)), []);
  });

  it("restarts the servers on new ports, with their data", async () => {
    const { home, binaries } = servers();
    const moved = localHome({ dir: home.dir, portBase: (await temporaryPorts()).portBase });
    assert.deepEqual(await startOpenBao(moved, binaries), ["openbao"]);
    assert.equal(await vaultStatus(moved.vaultUrl), 200);
    await assert.rejects(vaultStatus(home.vaultUrl));
    assert.deepEqual(await start(), ["openbao"]);
  });

  it("fails for a port that another process uses, before it stops or starts anything", async () => {
    const { home, binaries } = servers();
    const other = await temporaryPorts();
    const squatter = createServer().listen(other.port("vault"), "127.0.0.1");
    await once(squatter, "listening");
    const before = pidOf("openbao");
    const moved = localHome({ dir: home.dir, portBase: other.portBase });
    try {
      await assert.rejects(startOpenBao(moved, binaries), (error: UserError) => error.code === "local-port-in-use");
    } finally {
      squatter.close();
    }
    assert.equal(pidOf("openbao"), before);
    assert.equal(isAlive(readRecords(home)[0] ?? assert.fail()), true);
  });

  it("restarts a server that should run from another executable", async () => {
    const { home, binaries } = servers();
    const elsewhere = join(home.dir, "bao");
    symlinkSync(binaries.bao, elsewhere);
    assert.deepEqual(await startOpenBao(home, { ...binaries, bao: elsewhere }), ["openbao"]);
    assert.deepEqual(await start(), ["openbao"]);
  });

  it("passes nothing of the user's environment to a server", async () => {
    const names = environmentOf(pidOf("openbao")).map((line) => line.split("=")[0]);
    assert.deepEqual(new Set(names), new Set(["PATH", "HOME", "AMEIDE_SECRETS_SERVER_OF", "GOMEMLIMIT"]));
  });

  it("stores logs, keys and records readable by their owner only", () => {
    const { home } = servers();
    const files = filesIn(home.dir).filter((path) => !path.startsWith(home.vault.dataDir));
    assert.notEqual(files.length, 0);
    assert.deepEqual(openToOthers(files), []);
  });
});

describe("startServers, of a server that ends at once", function () {
  this.timeout(60_000);

  it("fails with how it ended, the end of its log and where the log is", async () => {
    const home = await temporaryHome();
    const broken = join(home.dir, "broken-bao");
    const binaries = { ...(await testBinaries()), bao: broken };
    ensureHome(home);
    writeFileSync(broken, "#!/bin/sh\necho no such storage >&2\nexit 3\n", { mode: 0o700 });
    await assert.rejects(startOpenBao(home, binaries), (error: UserError) => {
      assert.equal(error.code, "local-server-failed");
      assert.ok(error.message.startsWith("openbao ended with 3\n    no such storage\n  fix: read "), error.message);
      assert.ok(error.message.includes(join(home.logsDir, "openbao.log")));
      return true;
    });
    await forget(home);
  });

  it("fails if it is aborted while it waits", async () => {
    const home = await temporaryHome();
    const signal = AbortSignal.abort();
    await assert.rejects(startServers(home, await testBinaries(), { only: ["openbao"], signal }), {
      name: "AbortError",
    });
    await forget(home);
  });
});

describe("stopServers", function () {
  this.timeout(60_000);

  it("stops what runs, and finds nothing the second time", async () => {
    const home = await temporaryHome();
    await startOpenBao(home, await testBinaries());
    const [running] = readRecords(home);
    assert.deepEqual(await stopServers(home), ["openbao"]);
    assert.equal(isAlive(running ?? assert.fail()), false);
    assert.deepEqual(await stopServers(home), []);
    assert.ok(serverStates(home).every(({ running: runs, crashed }) => !runs && !crashed));
    await forget(home);
  });

  it("stops servers without a record", async () => {
    const home = await temporaryHome();
    await startOpenBao(home, await testBinaries());
    const [running] = readRecords(home);
    rmSync(home.serversFile);
    await stopServers(home);
    assert.equal(isAlive(running ?? assert.fail()), false);
    await forget(home);
  });
});

describe("serverStates", function () {
  this.timeout(60_000);

  it("distinguishes a server that was killed from one that was stopped", async () => {
    const home = await temporaryHome();
    await startOpenBao(home, await testBinaries());
    const state = () => serverStates(home).find(({ name }) => name === "openbao");
    assert.equal(state()?.running, true);
    assert.ok((state()?.memoryInBytes ?? 0) > 1_000_000);
    const [record] = readRecords(home);
    process.kill(record?.pid ?? 0, "SIGKILL");
    while (record !== undefined && isAlive(record)) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.deepEqual([state()?.running, state()?.crashed], [false, true]);
    await forget(home);
  });
});

describe("localDown", function () {
  this.timeout(60_000);

  it("stops and keeps the data, then deletes it, and accepts that nothing is left", async () => {
    const home = await temporaryHome();
    await startOpenBao(home, await testBinaries());
    assert.equal(await localDown(home), `stopped openbao; its data is kept in ${home.dir}`);
    assert.equal(await localDown(home, { delete: true }), `nothing was running; deleted ${home.dir}`);
    assert.equal(await localDown(home), `nothing is running, and ${home.dir} does not exist`);
    await forget(home);
  });

  it("fails for a folder that is not a home, and does not change it", async () => {
    const home = await temporaryHome();
    writeFileSync(join(home.dir, "thesis.txt"), "");
    await assert.rejects(localDown(home, { delete: true }), (error: UserError) => error.code === "local-home-not-ours");
    assert.deepEqual(readdirSync(home.dir), ["thesis.txt"]);
    await forget(home);
  });

  it("fails while a start uses the home", async () => {
    const home = await temporaryHome();
    ensureHome(home);
    const lock = lockHome(home);
    await assert.rejects(localDown(home), (error: UserError) => error.code === "local-home-locked");
    lock.release();
    await forget(home);
  });
});

async function vaultStatus(url: string): Promise<number> {
  return (await exchange(`${url}/v1/sys/health?sealedcode=200&uninitcode=200`)).status;
}

function environmentOf(pid: number): readonly string[] {
  return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").filter(Boolean);
}

/** Ten ports that are free, without a folder. */
async function temporaryPorts(): Promise<LocalHome> {
  const home = await temporaryHome();
  await forget(home);
  return home;
}
