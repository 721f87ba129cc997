import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import type { Json } from "./property-value.ts";

export interface ServerAddress {
  /** Such as `https://127.0.0.1:28202`. */
  readonly url: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Undefined where the body is empty or not JSON. */
  readonly body: Json | undefined;
}

export interface Call {
  readonly body?: Json;
  /** @default application/json */
  readonly contentType?: string;
  /** Answers that are asked for again. @default - 429, 502 and 504 */
  readonly retryIf?: (answer: Answer) => boolean;
}

const attempts = 6;
const firstPauseInMilliseconds = 100;
const longestPauseInMilliseconds = 5000;
const patienceInMilliseconds = 60_000;

/** JSON over HTTP(S) to one server, on connections that stay open; what passes by itself is tried again, in bounds. */
export class HttpJson {
  readonly url: string;
  readonly #address: ServerAddress;
  readonly #agent: HttpAgent;
  readonly #cancelled: AbortSignal;

  constructor(address: ServerAddress, cancelled: AbortSignal) {
    this.url = address.url.replace(/\/$/, "");
    this.#address = address;
    this.#cancelled = cancelled;
    const { ca, cert, key } = address;
    const options = { keepAlive: true, maxSockets: 16 };
    this.#agent = this.url.startsWith("https:")
      ? new HttpsAgent({ ...options, ca, cert, key })
      : new HttpAgent(options);
  }

  /**
   * @param path - with its query, from the server's root, or a URL below the server's own.
   * @throws Error naming the server if it cannot be reached, or if the operation was cancelled.
   */
  async send(method: string, path: string, call: Call = {}): Promise<Answer> {
    for (let attempt = 1; ; attempt += 1) {
      const last = attempt === attempts;
      try {
        const answer = await this.#once(method, path, call);
        if (last || !(call.retryIf ?? passesByItself)(answer)) return answer;
        await this.#pause(attempt, answer);
      } catch (error) {
        if (this.#cancelled.aborted) throw new Error("the operation was cancelled", { cause: error });
        if (last || !mayRepeat(method, error)) throw unreachable(this.url, error);
        await this.#pause(attempt);
      }
    }
  }

  async #once(method: string, path: string, { body, contentType = "application/json" }: Call): Promise<Answer> {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const headers: Record<string, string> = { accept: "application/json", ...this.#address.headers };
    if (payload !== undefined) {
      headers["content-type"] = contentType;
      headers["content-length"] = String(Buffer.byteLength(payload));
    }
    const url = new URL(path, `${this.url}/`);
    const send = url.protocol === "https:" ? httpsRequest : httpRequest;
    const signal = AbortSignal.any([this.#cancelled, AbortSignal.timeout(patienceInMilliseconds)]);
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const call = send(url, { method, headers, agent: this.#agent, signal }, resolve);
      call.on("error", reject);
      call.end(payload);
    });
    let text = "";
    response.setEncoding("utf8");
    for await (const chunk of response) text += String(chunk);
    return { status: response.statusCode ?? 0, headers: response.headers, body: parsed(text) };
  }

  #pause(attempt: number, answer?: Answer): Promise<void> {
    const asked = Number(answer?.headers["retry-after"]) * 1000;
    const own = firstPauseInMilliseconds * 2 ** (attempt - 1) * (0.75 + Math.random() / 2);
    const pause = Math.min(Number.isFinite(asked) && asked > 0 ? asked : own, longestPauseInMilliseconds);
    return sleep(pause, undefined, { signal: this.#cancelled });
  }
}

export function passesByItself({ status }: Answer): boolean {
  return status === 429 || status === 502 || status === 504;
}

/** A request that may have reached the server is repeated only where a second one changes nothing more. */
function mayRepeat(method: string, error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ECONNREFUSED") return true;
  return method !== "POST" && (code === "ECONNRESET" || code === "EPIPE" || code === "ETIMEDOUT");
}

function unreachable(url: string, cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new Error(`${url} cannot be reached: ${reason}`, { cause });
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
