import { Redacted } from "../domain/redacted.ts";
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

interface Session {
  readonly token: Redacted;
  /** Milliseconds since the epoch, by our clock. */
  readonly renewAt: number;
}

export interface VaultClientOptions {
  readonly address: string;
  readonly timing: Timing;
  /** Calls that may be under way at once. */
  readonly connections: number;
  readonly signal?: AbortSignal;
  readonly onRetry?: (error: unknown, pauseInMs: number) => void;
}

/** Vault's HTTP API: transport, retries and the session. What is asked stands in `vault-system.ts` and `vault-kv.ts`. */
export class VaultClient {
  readonly address: string;
  readonly #http: HttpClient;
  readonly #options: VaultClientOptions;
  #logIn: (() => Promise<Session>) | undefined;
  #session: Promise<Session> | undefined;

  constructor(options: VaultClientOptions) {
    this.address = options.address;
    this.#options = options;
    this.#http = new HttpClient(options.address, { connections: options.connections });
  }

  /**
   * Logs in by Kubernetes auth, and again before the token ends: a run that waits for propagation outlives it.
   *
   * @param jwt - reads the ServiceAccount's token, which the kubelet replaces while we run.
   * @throws VaultError if Vault refuses.
   */
  async logInByKubernetes(authMount: string, role: string, jwt: () => Promise<Redacted>): Promise<void> {
    this.#logIn = async () => {
      const body = { role, jwt: (await jwt()).reveal() };
      const answer = await this.call("POST", `auth/${authMount}/login`, { body, anonymous: true });
      const { client_token, lease_duration } = (answer as { auth: { client_token: string; lease_duration: number } })
        .auth;
      // a duration of 0 never ends; else a tenth of it is kept in hand
      const life = lease_duration === 0 ? Infinity : lease_duration * 900;
      return { token: new Redacted(client_token), renewAt: Date.now() + life };
    };
    await this.#current();
  }

  /** Ends the session, so that no token outlives the run. A batch token cannot be revoked, and a refusal harms nobody. */
  async logOut(): Promise<void> {
    if (this.#session !== undefined)
      await this.call("POST", "auth/token/revoke-self", { once: true, inHand: true }).catch(() => undefined);
    this.#session = undefined;
    this.#http.close();
  }

  async #current(): Promise<Session> {
    const known = this.#session;
    const session = await known;
    if (session !== undefined && session.renewAt > Date.now()) return session;
    // of many calls that find it ended, the first logs in and the others wait for it
    if (this.#session === known) this.#session = this.#renew();
    return await (this.#session ?? this.#renew());
  }

  async #renew(): Promise<Session> {
    if (this.#logIn === undefined) throw new Error("no session: log in first");
    try {
      return await this.#logIn();
    } catch (error) {
      this.#session = undefined;
      throw error;
    }
  }

  /**
   * One call, retried while its fault may pass.
   *
   * @param path - below `/v1/`, already encoded.
   * @param options.once - no retry: the caller decides.
   * @param options.inHand - a write: it is not given up when the run is stopped, only not tried again.
   * @returns the answer's JSON; `undefined` for 204.
   * @throws VaultError, NetworkError; BootstrapFailure `vault-sealed`.
   */
  async call(
    method: string,
    path: string,
    options: { body?: object; anonymous?: boolean; once?: boolean; inHand?: boolean } = {},
  ): Promise<unknown> {
    const { body, anonymous = false, once = false, inHand = false } = options;
    const { timing, signal, onRetry } = this.#options;
    const attempt = async (): Promise<unknown> => {
      const response = await this.send(method, path, {
        ...(body === undefined ? {} : { body }),
        ...(anonymous ? {} : { token: (await this.#current()).token }),
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
