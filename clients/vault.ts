import type { Redacted } from "../domain/redacted.ts";
import type { VaultTarget } from "../domain/vault-target.ts";
import {
  HttpClient,
  NetworkError,
  objectIn,
  parseAnswer,
  passingFault,
  ServerError,
  type HttpClientOptions,
  type HttpResponse,
  type ServerErrorOptions,
} from "./http.ts";
import { retry, type RetryOptions, type RetryVerdict } from "./pacing.ts";

/** Vault refused, or failed. Its messages name paths and rules, never a value. */
export class VaultError extends ServerError {
  override readonly name = "VaultError";
  readonly errors: readonly string[];

  constructor(status: number, errors: readonly string[], options?: ServerErrorOptions) {
    super(status, errors.join("; ").replace(/\s+/g, " ").slice(0, 300), options);
    this.errors = errors;
  }

  says(text: string): boolean {
    return this.errors.some((error) => error.includes(text));
  }

  get isSealed(): boolean {
    return this.status === 503 && this.says("Vault is sealed");
  }
}

/** What Vault reports about itself to anyone, by the status code of `sys/health`. */
export type VaultHealth =
  | { readonly state: "active" | "standby" | "sealed" | "uninitialised" }
  | {
      readonly state: "unreachable";
      readonly why: string;
      /** Whether it was reached and its certificate refused. @default false */
      readonly isUntrusted?: boolean;
    };

export type VaultState = VaultHealth["state"];

/** 429 is a standby here, not a limit. @see https://developer.hashicorp.com/vault/api-docs/system/health */
const stateOfStatus: Readonly<Record<number, Exclude<VaultState, "unreachable">>> = {
  200: "active",
  429: "standby",
  472: "standby",
  473: "standby",
  501: "uninitialised",
  503: "sealed",
};

/** A token that is valid at the time it is asked for. */
export interface VaultTokenSource {
  token(): Promise<Redacted>;
}

export interface VaultClientOptions extends VaultTarget, Pick<HttpClientOptions, "connections" | "timeoutInMs"> {
  /** Sent with each call that names no session. @default - none */
  readonly token?: Redacted | undefined;
  /** @default - each call is made once */
  readonly retry?: Omit<RetryOptions, "verdict"> & Partial<Pick<RetryOptions, "verdict">>;
}

export interface VaultCall {
  readonly body?: object | undefined;
  /** Token of the call. @default - the client's own */
  readonly session?: VaultTokenSource;
  /** For what belongs to the server and to no namespace, such as a root token. @default false */
  readonly inRootNamespace?: boolean | undefined;
  /** No retry: the caller decides. */
  readonly once?: boolean;
  /** A write: it is not broken off when the client's signal is aborted, only not tried again. */
  readonly inHand?: boolean;
}

/** Vault serves these outside of any namespace. */
const rootOnly = /^sys\/(?:generate-root|health|init|leader|seal-status|unseal)\b/;

/** Vault's HTTP API. Paths are below `/v1/` and already encoded. */
export class VaultClient {
  readonly address: string;
  readonly hasToken: boolean;
  readonly #http: HttpClient;
  readonly #options: VaultClientOptions;

  constructor(options: VaultClientOptions) {
    this.address = options.address;
    this.hasToken = options.token !== undefined;
    this.#options = options;
    this.#http = new HttpClient(options.address, { ...options, headers: { "x-vault-request": "true" } });
  }

  /** @throws VaultError, NetworkError. Vault answers `sys/health` with its state as the status, and a body in all of them. */
  async get<T = unknown>(path: string): Promise<T> {
    return await this.call<T>("GET", path);
  }

  /**
   * Retries passing faults. @returns JSON; `undefined` if empty. @throws VaultError, NetworkError, the session's errors
   */
  async call<T = unknown>(method: string, path: string, options: VaultCall = {}): Promise<T> {
    const { body, session, inRootNamespace, once = false, inHand = false } = options;
    const settings = this.#options.retry;
    const attempt = async (): Promise<T> => {
      const token = session === undefined ? this.#options.token : await session.token();
      const signal = inHand ? undefined : settings?.signal;
      const response = await this.send(method, path, { body, token, inRootNamespace, signal });
      const isAnswer = path.startsWith("sys/health") ? isOfVault(response) : response.status < 300;
      if (!isAnswer) throw errorOf(`${method} ${path}`, response);
      return (response.body === "" ? undefined : parseAnswer(path, response.body)) as T;
    };
    return once || settings === undefined ? await attempt() : await retry(attempt, { verdict, ...settings });
  }

  async health(signal?: AbortSignal): Promise<VaultHealth> {
    try {
      const response = await this.send("GET", "sys/health", { signal });
      const state = isOfVault(response) ? stateOfStatus[response.status] : undefined;
      return state === undefined ? { state: "unreachable", why: `sys/health answered ${response.status}` } : { state };
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
      const { message: why, isUntrusted } = error;
      return { state: "unreachable", why, ...(isUntrusted ? { isUntrusted } : {}) };
    }
  }

  /** One request: no retry, and an answer of any status is returned. @throws NetworkError */
  async send(
    method: string,
    path: string,
    options: Pick<VaultCall, "body" | "inRootNamespace"> & {
      readonly token?: Redacted | undefined;
      readonly signal?: AbortSignal | undefined;
    } = {},
  ): Promise<HttpResponse> {
    const { body, token, inRootNamespace = rootOnly.test(path), signal } = options;
    const { namespace } = this.#options;
    return await this.#http.request(method, `/v1/${path}`, {
      headers: {
        ...(namespace === undefined || inRootNamespace ? {} : { "x-vault-namespace": namespace }),
        ...(token === undefined ? {} : { "x-vault-token": token.reveal() }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      body: body && JSON.stringify(body),
      signal,
    });
  }

  close(): void {
    this.#http.close();
  }
}

/** Whether Vault itself answered `sys/health`: a proxy's 503 is not a sealed Vault, nor is its 501 an empty one. */
function isOfVault({ body }: HttpResponse): boolean {
  return body === "" || typeof objectIn(body)["initialized"] === "boolean";
}

function errorOf(call: string, { status, headers, body }: HttpResponse): VaultError {
  const { errors } = objectIn(body);
  return new VaultError(status, Array.isArray(errors) ? errors.map(String) : [], { call, headers });
}

/** A KV mount that was just made refuses calls while it is upgraded (400, hashicorp/vault-plugin-secrets-kv#75). */
function verdict(error: unknown): RetryVerdict {
  if (!(error instanceof VaultError)) return passingFault(error);
  if (error.isSealed) return undefined;
  return error.says("Upgrading from non-versioned") ? {} : passingFault(error);
}
