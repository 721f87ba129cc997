import { Agent, request } from "node:https";
import type { IncomingMessage } from "node:http";
import { createInterface } from "node:readline";
import type { ApiConnection } from "./connection.ts";

/** What the API server answered when it did not do what was asked. */
export class KubeApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = "KubeApiError";
    this.status = status;
  }
}

export interface WatchEvent<T> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: T;
}

export type PatchType = "application/merge-patch+json" | "application/strategic-merge-patch+json";

/** Patience with one answer, in milliseconds; a watch has none. */
const requestTimeout = 15_000;

/**
 * The few calls that a kubelet makes, over node:https. `@kubernetes/client-node` would add 85 MB and 1.5 s to a process
 * that needs 70 MB without it; global fetch takes no client certificate.
 */
export class KubeApi {
  readonly #connection: ApiConnection;
  readonly #agent: Agent;

  constructor(connection: ApiConnection) {
    this.#connection = connection;
    const { ca, cert, key } = connection;
    this.#agent = new Agent({ keepAlive: true, maxSockets: 16, ca, cert, key });
  }

  get server(): string {
    return this.#connection.server;
  }

  /** @throws KubeApiError on an answer of 400 and above; the socket's own error if there is no answer. */
  async get<T>(path: string): Promise<T> {
    return this.#json<T>("GET", path);
  }

  async post<T>(path: string, body: unknown): Promise<T> {
    return this.#json<T>("POST", path, body);
  }

  async patch<T>(path: string, body: unknown, type: PatchType = "application/merge-patch+json"): Promise<T> {
    return this.#json<T>("PATCH", path, body, type);
  }

  async delete(path: string, body: unknown): Promise<void> {
    await this.#json("DELETE", path, body);
  }

  /** Yields events until the API server ends the stream, the connection breaks (then it throws) or `signal` aborts. */
  async *watch<T>(path: string, signal: AbortSignal): AsyncGenerator<WatchEvent<T>> {
    const response = await this.#send("GET", path, { signal });
    if (response.statusCode !== 200) throw await failure(response);
    for await (const line of createInterface({ input: response, crlfDelay: Infinity })) {
      if (line !== "") yield JSON.parse(line) as WatchEvent<T>;
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  async #json<T>(method: string, path: string, body?: unknown, type = "application/json"): Promise<T> {
    const response = await this.#send(method, path, { body, type, signal: AbortSignal.timeout(requestTimeout) });
    if ((response.statusCode ?? 500) >= 400) throw await failure(response);
    return JSON.parse(await text(response)) as T;
  }

  #send(
    method: string,
    path: string,
    { body, type, signal }: { body?: unknown; type?: string; signal: AbortSignal },
  ): Promise<IncomingMessage> {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const headers: Record<string, string> = { accept: "application/json" };
    if (payload !== undefined) {
      headers["content-type"] = type ?? "application/json";
      headers["content-length"] = String(Buffer.byteLength(payload));
    }
    if (this.#connection.token !== undefined) headers["authorization"] = `Bearer ${this.#connection.token}`;
    return new Promise((resolve, reject) => {
      const call = request(
        new URL(path, this.#connection.server),
        { method, headers, agent: this.#agent, signal },
        resolve,
      );
      call.on("error", reject);
      call.end(payload);
    });
  }
}

async function text(response: IncomingMessage): Promise<string> {
  let all = "";
  response.setEncoding("utf8");
  for await (const chunk of response) all += String(chunk);
  return all;
}

async function failure(response: IncomingMessage): Promise<KubeApiError> {
  const body = await text(response);
  const status = response.statusCode ?? 500;
  try {
    const { message } = JSON.parse(body) as { message?: string };
    return new KubeApiError(status, message ?? `the API server answered ${status}`);
  } catch {
    return new KubeApiError(status, `the API server answered ${status}`);
  }
}
