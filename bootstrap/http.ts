import * as http from "node:http";
import * as https from "node:https";

export interface HttpResponse {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

export interface HttpRequest {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal | undefined;
}

/** The server was not reached, or went away before it had answered. */
export class NetworkError extends Error {
  /** Node's code, such as `ECONNREFUSED`. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = "NetworkError";
    this.code = code;
  }
}

const defaultTimeoutInMs = 30_000;

/** JSON.parse, but for its message: that one quotes the text, and the text may hold a value. */
export function parseAnswer(call: string, body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new NetworkError("EPROTO", `${call}: the answer is not JSON`);
  }
}

/**
 * One server over kept connections. `node:https`, not `fetch`: the API server's CA stands in a file of the pod, and
 * `fetch` takes none. It is the lighter of the two besides, where thousands of small calls are made.
 */
export class HttpClient {
  readonly #base: URL;
  readonly #agent: http.Agent;
  readonly #send: typeof http.request;
  readonly #timeoutInMs: number;

  /**
   * @param options.ca - PEM that the server's certificate must lead to. @default - what Node trusts.
   * @param options.timeoutInMs - of silence. @default 30,000
   */
  constructor(
    base: string,
    options: { readonly ca?: string; readonly connections?: number; readonly timeoutInMs?: number } = {},
  ) {
    this.#base = new URL(base);
    this.#timeoutInMs = options.timeoutInMs ?? defaultTimeoutInMs;
    const agent = { keepAlive: true, maxSockets: options.connections ?? 4 };
    const secure = this.#base.protocol === "https:";
    this.#agent = secure
      ? new https.Agent({ ...agent, ...(options.ca === undefined ? {} : { ca: options.ca }) })
      : new http.Agent(agent);
    this.#send = secure ? https.request : http.request;
  }

  /**
   * @param path - from the server's root, with its query.
   * @throws NetworkError; an answer of any status is returned.
   */
  async request(method: string, path: string, { headers, body, signal }: HttpRequest = {}): Promise<HttpResponse> {
    return await new Promise((resolve, reject) => {
      const fail = (error: NodeJS.ErrnoException): void => {
        if (signal?.aborted === true) reject(signal.reason as Error);
        else reject(new NetworkError(error.code ?? "EUNKNOWN", `${this.#base.host}: ${error.message}`));
      };
      const request = this.#send(
        {
          protocol: this.#base.protocol,
          hostname: this.#base.hostname.replace(/^\[|\]$/g, ""),
          port: this.#base.port,
          path: `${this.#base.pathname.replace(/\/$/, "")}${path}`,
          method,
          agent: this.#agent,
          timeout: this.#timeoutInMs,
          headers: { ...headers, ...(body === undefined ? {} : { "content-length": Buffer.byteLength(body) }) },
          ...(signal === undefined ? {} : { signal }),
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("error", fail);
          response.on("end", () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: Buffer.concat(chunks).toString("utf8"),
            }),
          );
        },
      );
      request.on("timeout", () =>
        request.destroy(Object.assign(new Error(`no answer in ${this.#timeoutInMs / 1000} s`), { code: "ETIMEDOUT" })),
      );
      request.on("error", fail);
      request.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
