import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server } from "node:net";
import { UserError } from "../../../domain/user-error.ts";
import { findListener, isFree, requireFreePorts } from "../../../local/servers/ports.ts";

describe("ports", () => {
  let server: Server;
  let port: number;

  beforeEach(async () => {
    server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    ({ port } = server.address() as AddressInfo);
  });
  afterEach(() => server.close());

  describe("isFree", () => {
    it("is false for a port that is in use, and true afterwards", async () => {
      assert.equal(await isFree(port), false);
      server.close();
      await once(server, "close");
      assert.equal(await isFree(port), true);
    });

    it("is false for a port that is taken on every address", async () => {
      const wide = createServer().listen(0, "0.0.0.0");
      await once(wide, "listening");
      assert.equal(await isFree((wide.address() as AddressInfo).port), false);
      wide.close();
    });
  });

  describe("findListener", () => {
    it("is the process that listens", () => {
      assert.equal(findListener(port), process.pid);
    });
  });

  describe("findListener, of a port that a connection comes from", () => {
    it("is undefined: the port is in use, and nothing listens", async () => {
      const client = connect(port, "127.0.0.1");
      await once(client, "connect");
      assert.equal(findListener(client.localPort ?? 0), undefined);
      client.destroy();
    });
  });

  describe("requireFreePorts", () => {
    let child: ChildProcess;

    afterEach(() => child?.kill("SIGKILL"));

    it("reports all ports in use at once, each with its server, its process and what to do", async () => {
      const listen =
        "require('net').createServer().listen(0, '127.0.0.1', function () { console.log(this.address().port) })";
      child = spawn(process.execPath, ["--eval", listen], { stdio: ["ignore", "pipe", "inherit"] });
      const [printed] = (await once(child.stdout ?? process.stdin, "data")) as [Buffer];
      const other = Number(printed.toString());
      const needed = [
        { server: "etcd", port },
        { server: "openbao", port: other },
        { server: "stand-ins", port: await unusedPort() },
      ];
      await assert.rejects(requireFreePorts(needed, 31_000), (error: UserError) => {
        const [first, second, fix] = error.message.split("\n");
        assert.ok(first?.startsWith(`port ${port} for etcd is in use by process ${process.pid} (`), first);
        assert.ok(second?.startsWith(`port ${other} for openbao is in use by process ${child.pid} (`), second);
        assert.ok(fix?.includes(`fix: stop the process that uses it (kill ${process.pid} ${child.pid}), or move`), fix);
        assert.ok(fix?.includes("ports 31000 to 31009: --port-base PORT"), fix);
        return error.code === "local-port-in-use";
      });
    });
  });
});

async function unusedPort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}
