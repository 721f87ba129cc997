import type { Redacted } from "../domain/redacted.ts";
import { BootstrapFailure } from "./failure.ts";
import { HttpClient, NetworkError, parseAnswer, type HttpResponse } from "./http.ts";
import { retry, retryAfterInMs, type RetryVerdict } from "./retry.ts";
import type { Timing } from "./timing.ts";

/** An answer of Vault that is not a success. Vault's messages name paths and rules, never a value. */
export class VaultError extends Error {
  readonly status: number;
  readonly errors: readonly string[];
  readonly retryAfterInMs: number | undefined;

  constructor(call: string, response: HttpResponse) {
    const errors = errorsIn(response.body);
    super(`${call}: ${response.status} ${errors.join("; ").replace(/\s+/g, " ").slice(0, 300)}`);
    this.name = "VaultError";
    this.status = response.status;
    this.errors = errors;
    this.retryAfterInMs = retryAfterInMs(response.headers["retry-after"]);
  }

  says(text: string): boolean {
    return this.errors.some((error) => error.includes(text));
  }
}

function errorsIn(body: string): string[] {
  try {
    const { errors } = JSON.parse(body) as { errors?: unknown };
    return Array.isArray(errors) ? errors.map(String) : [];
  } catch {
    return [];
  }
}

/** Whoever may call: a token that is good when it is asked for. */
export interface Session {
  token(): Promise<Redacted>;
}

export interface VaultClientOptions {
  readonly address: string;
  readonly timing: Timing;
  /** Calls that may be under way at once. */
  readonly connections: number;
  readonly signal?: AbortSignal;
  readonly onRetry?: (error: unknown, pauseInMs: number) => void;
}

/** Vault's HTTP API: transport and retries. What is asked stands in `vault-system.ts`, `vault-session.ts` and `vault-kv.ts`. */
export class VaultClient {
  readonly address: string;
  readonly #http: HttpClient;
  readonly #options: VaultClientOptions;

  constructor(options: VaultClientOptions) {
    this.address = options.address;
    this.#options = options;
    this.#http = new HttpClient(options.address, { connections: options.connections });
  }

  /**
   * One call, retried while its fault may pass.
   *
   * @param path - below `/v1/`, already encoded.
   * @param options.session - whose token it carries. @default - none
   * @param options.once - no retry: the caller decides.
   * @param options.inHand - a write: it is not given up when the run is stopped, only not tried again.
   * @returns the answer's JSON; `undefined` for 204.
   * @throws VaultError, NetworkError; BootstrapFailure `vault-sealed`.
   */
  async call(
    method: string,
    path: string,
    options: { body?: object; session?: Session; once?: boolean; inHand?: boolean } = {},
  ): Promise<unknown> {
    const { body, session, once = false, inHand = false } = options;
    const { timing, signal, onRetry } = this.#options;
    const attempt = async (): Promise<unknown> => {
      const response = await this.send(method, path, {
        ...(body === undefined ? {} : { body }),
        ...(session === undefined ? {} : { token: await session.token() }),
        signal: inHand ? undefined : signal,
      });
      if (response.status >= 300) throw failureOf(`${method} ${path}`, response, this.address);
      return response.body === "" ? undefined : parseAnswer(path, response.body);
    };
    if (once) return await attempt();
    return await retry(attempt, {
      timing,
      verdict: vaultVerdict,
      ...(signal === undefined ? {} : { signal }),
      ...(onRetry === undefined ? {} : { onRetry }),
    });
  }

  close(): void {
    this.#http.close();
  }

  /** One request as it is: no session, no retry, any status. */
  async send(
    method: string,
    path: string,
    { body, token, signal }: { body?: object; token?: Redacted; signal?: AbortSignal | undefined } = {},
  ): Promise<HttpResponse> {
    return await this.#http.request(method, `/v1/${path}`, {
      headers: {
        "x-vault-request": "true",
        ...(token === undefined ? {} : { "x-vault-token": token.reveal() }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal,
    });
  }
}

function failureOf(call: string, response: HttpResponse, address: string): Error {
  const error = new VaultError(call, response);
  if (response.status === 503 && error.says("Vault is sealed")) return sealed(address);
  return error;
}

export function sealed(address: string): BootstrapFailure {
  return new BootstrapFailure(
    "vault-sealed",
    `Vault at ${address} is sealed`,
    "unseal it: ameide-secrets unseal, or wait for its key service where it unseals itself",
  );
}

/**
 * A fault that may pass: no connection, 429, a leader being elected (5xx), a KV mount that is being upgraded right
 * after it was made (400, hashicorp/vault-plugin-secrets-kv#75).
 */
export function vaultVerdict(error: unknown): RetryVerdict {
  if (error instanceof NetworkError) return {};
  if (!(error instanceof VaultError)) return undefined;
  const passing = error.status === 429 || error.status >= 500 || error.says("Upgrading from non-versioned");
  if (!passing) return undefined;
  return error.retryAfterInMs === undefined ? {} : { afterInMs: error.retryAfterInMs };
}
