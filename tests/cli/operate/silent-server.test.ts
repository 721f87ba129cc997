import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runDoctor } from "../../../cli/operate/doctor.ts";
import { connectStack } from "../../../cli/operate/connected-stack.ts";
import type { Diagnosis } from "../../../diagnose/diagnosis.ts";
import { ensureHome, localContext, localHome, type LocalHome } from "../../../local/home.ts";
import { ensureCertificates } from "../../../local/servers/certificates.ts";
import { freePortBase } from "../../support/servers.ts";
import { recordedIo } from "../recorded-io.ts";

/** A server that accepts connections and never answers: a firewall that drops, a node that swaps, a stopped process. */
class SilentServer {
  readonly #sockets = new Set<Socket>();
  readonly #server: Server = createServer((socket) => {
    this.#sockets.add(socket.on("error", () => {}));
  });

  async listen(port = 0): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

describe("doctor with a server that accepts connections and never answers", function () {
  this.timeout(90_000);
  const open: SilentServer[] = [];
  let home: LocalHome;

  const silent = async (port?: number): Promise<number> => {
    const server = new SilentServer();
    open.push(server);
    return server.listen(port);
  };
  const diagnose = async (): Promise<{ readonly seconds: number; readonly diagnosis: Diagnosis }> => {
    const start = performance.now();
    const place = () => connectStack({ stack: "local", home: home.dir, portBase: String(home.portBase) });
    const { json } = await runDoctor({ open: place, signal: new AbortController().signal }, recordedIo());
    const diagnosis = json as Diagnosis;
    return { seconds: (performance.now() - start) / 1000, diagnosis };
  };

  beforeEach(async () => {
    const dir = mkdtempSync(join(tmpdir(), "silent-server-"));
    home = localHome({ dir: join(dir, "home"), portBase: await freePortBase() });
    ensureHome(home);
    await ensureCertificates(home);
    writeFileSync(home.azure.operatorToken, "token");
    writeFileSync(home.azure.caCertificate, readFileSync(home.kubernetes.caCertificate));
    const server = `https://127.0.0.1:${await silent()}`;
    writeFileSync(
      home.kubeconfig,
      JSON.stringify({
        clusters: [{ name: "c", cluster: { server } }],
        users: [{ name: "u", user: { token: "t" } }],
        contexts: [{ name: localContext, context: { cluster: "c", user: "u" } }],
      }),
    );
  });
  afterEach(() => {
    for (const server of open.splice(0)) server.close();
    rmSync(join(home.dir, ".."), { recursive: true });
  });

  it("ends within 25 s, and names the API server instead of Vault's token", async () => {
    const vault = createHttpServer((_request, response) => {
      response.end(JSON.stringify({ initialized: true, sealed: false, standby: false, version: "2.0.0" }));
    });
    await new Promise<void>((resolve) => vault.listen(home.port("vault"), "127.0.0.1", resolve));
    try {
      const { seconds, diagnosis } = await diagnose();
      assert.ok(seconds < 25, `${seconds.toFixed(1)} s`);
      const reported = diagnosis.causes.map(({ code }) => code);
      assert.ok(reported.includes("cluster-not-readable"), reported.join());
      assert.equal(reported.includes("vault-not-readable"), false, reported.join());
      const { evidence } = diagnosis.causes.find(({ code }) => code === "cluster-not-readable") ?? { evidence: [] };
      assert.match(evidence[0]?.seen ?? "", /API server https:\/\/127.*no answer within 8 s/);
    } finally {
      vault.close();
    }
  });

  it("ends within 25 s if none of the three servers answers, and names each", async () => {
    await silent(home.port("vault"));
    await silent(home.port("azure"));
    const { seconds, diagnosis } = await diagnose();
    assert.ok(seconds < 25, `${seconds.toFixed(1)} s`);
    const reported = diagnosis.causes.map(({ code }) => code);
    assert.deepEqual(
      ["azure-not-readable", "cluster-not-readable", "vault-unreachable"].filter(
        (code) => !reported.includes(code as never),
      ),
      [],
      reported.join(),
    );
  });
});
