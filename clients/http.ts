import * as http from "node:http";
import * as https from "node:https";
import { withoutValuesInMemory } from "../domain/redaction.ts";
import { retryAfterInMs, type RetryVerdict } from "./pacing.ts";

export interface HttpResponse {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

export interface HttpRequest {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** Ends the exchange; its reason is what the exchange then fails with. */
  readonly signal?: AbortSignal | undefined;
  /** What else node:https takes, such as an agent with credentials of its own. */
  readonly options?: https.RequestOptions;
}

/** PEM texts. */
export interface TlsOptions {
  /** The server's certificate must lead to it. @default - what Node trusts */
  readonly ca?: string | Buffer | undefined;
  readonly cert?: string | Buffer | undefined;
  readonly key?: string | Buffer | undefined;
  /** Name that the server's certificate must have. @default - the host of the address */
  readonly serverName?: string | undefined;
}

export interface HttpClientOptions extends TlsOptions {
  /** Exchanges at the same time; more of them wait. @default 4 */
  readonly connections?: number | undefined;
  /** Until the whole answer is there. @default 30,000 */
  readonly timeoutInMs?: number | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The server was not reached, or went away before it had answered. */
export class NetworkError extends Error {
  /** Node's code, such as `ECONNREFUSED`. */
  readonly code: string;
  /** Of the request, which the server may have carried out. */
  readonly method: string | undefined;

  constructor(code: string, message: string, { method, ...options }: ErrorOptions & { readonly method?: string } = {}) {
    super(message, options);
    this.name = "NetworkError";
    this.code = code;
    this.method = method;
  }

  /** Whether the server answered and its certificate was refused: unknown CA, another name, or expired. */
  get isUntrusted(): boolean {
    return /CERT|UNABLE_TO_(?:GET_ISSUER|VERIFY)|SELF_SIGNED/.test(this.code);
  }
}

/** A server answered and did not do what it was asked for; the message is the server's own, `HTTP 502` if it gave none. */
export class ServerError extends Error {
  readonly status: number;
  /** What it was asked for, such as `GET /api/v1/nodes`. */
  readonly call: string;
  /** The pause that it asked for before the next try. */
  readonly retryAfterInMs: number | undefined;

  constructor(status: number, message: string, { call = "", headers = {}, ...options }: ServerErrorOptions = {}) {
    // a server may quote what it was sent
    super(message === "" ? `HTTP ${status}` : withoutValuesInMemory(message), options);
    this.name = "ServerError";
    this.status = status;
    this.call = call;
    this.retryAfterInMs = retryAfterInMs(headers["retry-after"]);
  }
}

export interface ServerErrorOptions extends ErrorOptions {
  readonly call?: string;
  readonly headers?: http.IncomingHttpHeaders;
}

/** Whether the same call may succeed later: no connection, 429, or a fault of the server itself (5xx). */
export function passingFault(error: unknown): RetryVerdict {
  if (error instanceof NetworkError) return {};
  if (!(error instanceof ServerError) || (error.status !== 429 && error.status < 500)) return undefined;
  return error.retryAfterInMs === undefined ? {} : { afterInMs: error.retryAfterInMs };
}

const defaultTimeoutInMs = 30_000;

/** JSON.parse with another message: the parser's own one quotes the text, which may hold a value. @throws NetworkError */
export function parseAnswer(call: string, body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new NetworkError("EPROTO", `${call}: the answer is not JSON`);
  }
}

/** The answer as an object; `{}` if it is none, such as the page of a proxy. */
export function objectIn(body: string): Readonly<Record<string, unknown>> {
  try {
    const content: unknown = JSON.parse(body);
    return typeof content === "object" && content !== null ? (content as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** Uses `node:https`: `fetch` accepts neither a CA nor a client certificate for one call (docs/decisions/0005). */
export class HttpClient {
  readonly #base: URL;
  readonly #agent: http.Agent;
  /** Of answers that have no end: in the other one they would keep all further calls waiting. */
  readonly #streams: http.Agent;
  readonly #options: HttpClientOptions;

  /** @param base - such as `https://10.0.0.1:443`; a path in it precedes the path of each request. */
  constructor(base: string, options: HttpClientOptions = {}) {
    this.#base = new URL(base);
    this.#options = options;
    const { connections: maxSockets = 4, ca, cert, key, serverName: servername } = options;
    const pooled = { keepAlive: true, maxSockets };
    const tls = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }), ...(servername && { servername }) };
    const isHttps = this.#base.protocol === "https:";
    this.#agent = isHttps ? new https.Agent({ ...pooled, ...tls }) : new http.Agent(pooled);
    this.#streams = isHttps ? new https.Agent(tls) : new http.Agent();
  }

  /** `path` includes the query. Returns an answer of any status. @throws NetworkError, or the signal's reason */
  async request(method: string, path: string, request: HttpRequest = {}): Promise<HttpResponse> {
    const timeoutInMs = this.#options.timeoutInMs ?? defaultTimeoutInMs;
    return await new Promise((resolve, reject) => {
      const call = this.#begin(method, path, request, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", fail);
        response.on("end", () => {
          clearTimeout(timer);
          const body = Buffer.concat(chunks).toString("utf8");
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
        });
      });
      const timer = setTimeout(() => {
        call.destroy(Object.assign(new Error(`no answer within ${timeoutInMs / 1000} s`), { code: "ETIMEDOUT" }));
      }, timeoutInMs);
      const fail = (error: Error): void => {
        clearTimeout(timer);
        reject(this.#failure(error, method, request.signal));
      };
      call.on("error", fail);
      call.end(request.body);
    });
  }

  /**
   * Each line as soon as it is whole; no time limit. @throws NetworkError, the signal's reason, or `refused`'s error
   */
  async *lines(path: string, request: HttpRequest, refused: (response: HttpResponse) => Error): AsyncGenerator<string> {
    let refusal: HttpResponse | undefined;
    try {
      const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
        this.#begin("GET", path, request, resolve, this.#streams).on("error", reject).end();
      });
      response.setEncoding("utf8");
      const { statusCode: status = 0, headers } = response;
      let text = "";
      for await (const part of response as AsyncIterable<string>) {
        text += part;
        if (status !== 200) continue;
        const lines = text.split("\n");
        text = lines.pop() ?? "";
        yield* lines;
      }
      if (status !== 200) refusal = { status, headers, body: text };
    } catch (error) {
      throw this.#failure(error as Error, "GET", request.signal);
    }
    if (refusal !== undefined) throw refused(refusal);
  }

  close(): void {
    this.#agent.destroy();
    this.#streams.destroy();
  }

  #begin(
    method: string,
    path: string,
    { headers, body, signal, options }: HttpRequest,
    answered: (response: http.IncomingMessage) => void,
    agent: http.Agent = this.#agent,
  ): http.ClientRequest {
    const { protocol, hostname, port, pathname } = this.#base;
    const own = options?.headers as http.OutgoingHttpHeaders | undefined; // none of ours is a list
    const length = body === undefined ? {} : { "content-length": Buffer.byteLength(body) };
    return (protocol === "https:" ? https : http).request(
      {
        ...options,
        agent: options?.agent ?? agent,
        protocol,
        hostname: hostname.replace(/^\[|\]$/g, ""),
        port,
        path: `${pathname.replace(/\/$/, "")}${path}`,
        method,
        headers: { ...this.#options.headers, ...own, ...headers, ...length },
        ...(signal === undefined ? {} : { signal }),
      },
      answered,
    );
  }

  #failure(error: NodeJS.ErrnoException, method: string, signal: AbortSignal | undefined): unknown {
    if (signal?.aborted === true) return signal.reason;
    return new NetworkError(error.code ?? "EUNKNOWN", `${this.#base.host}: ${error.message}`, { cause: error, method });
  }
}

/** One exchange with a server that is asked once; its time limit is 3 s by default. @throws NetworkError */
export async function exchange(
  url: string,
  { method = "GET", ...options }: HttpClientOptions & Pick<HttpRequest, "body"> & { readonly method?: string } = {},
): Promise<HttpResponse> {
  const { origin, pathname, search } = new URL(url);
  const client = new HttpClient(origin, { timeoutInMs: 3_000, ...options });
  try {
    return await client.request(method, `${pathname}${search}`, { body: options.body });
  } finally {
    client.close();
  }
}
