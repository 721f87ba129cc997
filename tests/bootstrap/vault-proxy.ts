import { createServer, request, type IncomingMessage, type Server } from "node:http";
import { request as secureRequest } from "node:https";
import type { AddressInfo } from "node:net";

export interface ProxiedCall {
  readonly method: string;
  /** With `/v1/`. */
  readonly path: string;
  readonly body: string;
  readonly token: string | undefined;
}

export interface ProxiedAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
  /** The connection ends before the end that the answer announced. @default false */
  readonly isCut?: boolean;
}

/**
 * What a proxy between vault-bootstrap and its Vault or API server does with a call.
 *
 * @param forward - asks the real one.
 * @returns what the bootstrap gets; `"drop"` cuts the connection.
 */
export type ProxyHook = (call: ProxiedCall, forward: () => Promise<ProxiedAnswer>) => Promise<ProxiedAnswer | "drop">;

/** A Vault with faults and other writers at chosen moments: everything goes to the real one, past a hook. */
export class VaultProxy {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @param ca - PEM that an `https` target is known by. */
  static async start(target: string, hook: ProxyHook, ca?: string): Promise<VaultProxy> {
    const server = createServer((incoming, outgoing) => {
      void (async () => {
        const body = await textOf(incoming);
        const { method = "GET", url: path = "/" } = incoming;
        const token = incoming.headers["x-vault-token"]?.toString();
        const answer = await hook({ method, path, body, token }, () => forward({ target, ca }, incoming, body));
        if (answer === "drop") {
          outgoing.destroy();
          return;
        }
        const { status, headers, body: answered, isCut = false } = answer;
        outgoing.writeHead(status, isCut ? { ...headers, "content-length": answered.length + 1 } : headers);
        outgoing.write(answered, () => (isCut ? outgoing.destroy() : outgoing.end()));
      })().catch(() => outgoing.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new VaultProxy(server);
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

interface Target {
  readonly target: string;
  readonly ca: string | undefined;
}

async function forward({ target, ca }: Target, incoming: IncomingMessage, body: string): Promise<ProxiedAnswer> {
  return await new Promise((resolve, reject) => {
    const { method, headers, url = "/" } = incoming;
    const to = new URL(url, target);
    const send = to.protocol === "https:" ? secureRequest : request;
    const onward = send(to, { method, headers, agent: false, ...(ca === undefined ? {} : { ca }) }, (response) => {
      textOf(response).then((text) => resolve({ status: response.statusCode ?? 0, body: text }), reject);
    });
    onward.on("error", reject);
    onward.end(body);
  });
}

async function textOf(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}
