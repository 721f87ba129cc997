import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { issueServerCertificate } from "../../../local/certificate-authority.ts";

/** Answers as a test says, over TLS, and has a kubeconfig: for what no real API server does when it is asked to. */
export class FakeApiServer {
  answer: (request: IncomingMessage, response: ServerResponse) => void = (_request, response) => response.end("{}");
  /** TLS connections so far. */
  connections = 0;
  readonly context = "pinned";
  readonly kubeconfig: string;
  readonly #server: Server;
  readonly #dir: string;

  private constructor(dir: string, server: Server) {
    this.#dir = dir;
    this.#server = server;
    this.kubeconfig = join(dir, "kubeconfig");
    server.on("request", (request: IncomingMessage, response: ServerResponse) => this.answer(request, response));
    server.on("secureConnection", () => (this.connections += 1));
  }

  static async start(): Promise<FakeApiServer> {
    const dir = mkdtempSync(join(tmpdir(), "api-server-"));
    const { cert, key } = await issueServerCertificate(dir);
    const server = createServer({ cert, key });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const started = new FakeApiServer(dir, server);
    started.#writeKubeconfig();
    return started;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
    rmSync(this.#dir, { recursive: true });
  }

  /** The current context is another one: who takes that instead of the pinned one meets no server. */
  #writeKubeconfig(): void {
    const server = `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    const ca = readFileSync(join(this.#dir, "ca.crt")).toString("base64");
    const kubeconfig = {
      clusters: [{ name: "c", cluster: { server, "certificate-authority-data": ca } }],
      users: [{ name: "u", user: { token: "t" } }],
      contexts: [{ name: this.context, context: { cluster: "c", user: "u" } }],
      "current-context": "another",
    };
    writeFileSync(this.kubeconfig, JSON.stringify(kubeconfig));
  }
}
