import { HttpJson, passesByItself } from "../http-json.ts";
import type { Json, JsonObject } from "../property-value.ts";

/** Vault's answer, in the words of Vault's own client. */
export class VaultError extends Error {
  readonly status: number;
  readonly errors: readonly string[];

  constructor(method: string, url: string, status: number, errors: readonly string[]) {
    const list = errors.map((error) => `* ${error}`).join("\n");
    super(`Error making API request.\n\nURL: ${method} ${url}\nCode: ${status}. Errors:\n\n${list}`);
    this.name = "VaultError";
    this.status = status;
    this.errors = errors;
  }
}

export class VaultClient {
  readonly #http: HttpJson;
  readonly #hasToken: boolean;
  #lookedUp: Promise<unknown> | undefined;

  constructor(address: string, token: string, cancelled: AbortSignal) {
    this.#hasToken = token !== "";
    this.#http = new HttpJson({ url: address, headers: { "x-vault-token": token } }, cancelled);
  }

  /** @returns undefined where nothing is there. @throws VaultError */
  async read(path: string): Promise<JsonObject | undefined> {
    const answer = await this.#call("GET", path, undefined, [404]);
    return answer === undefined ? undefined : ((answer["data"] ?? answer) as JsonObject);
  }

  /** @throws VaultError */
  async write(path: string, body: JsonObject): Promise<JsonObject> {
    return (await this.#call("PUT", path, body)) ?? {};
  }

  /** Succeeds where nothing is there. @throws VaultError */
  async delete(path: string): Promise<void> {
    await this.#call("DELETE", path, undefined, [404]);
  }

  async #call(
    method: string,
    path: string,
    body?: Json,
    absent: readonly number[] = [],
  ): Promise<JsonObject | undefined> {
    this.#lookedUp ??= this.#lookUpToken();
    await this.#lookedUp;
    return this.#send(method, path, body, absent);
  }

  /** Before anything else, as the real provider does. No child token is made: this process ends with the update. */
  async #lookUpToken(): Promise<void> {
    if (!this.#hasToken) throw new Error("no vault token set on Client");
    try {
      await this.#send("GET", "auth/token/lookup-self");
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`failed to lookup token, err=${reason}`, { cause: error });
    }
  }

  async #send(
    method: string,
    path: string,
    body?: Json,
    absent: readonly number[] = [],
  ): Promise<JsonObject | undefined> {
    const url = `/v1/${path.split("/").map(encodeURIComponent).join("/")}`;
    const answer = await this.#http.send(method, url, {
      ...(body === undefined ? {} : { body }),
      retryIf: (one) => passesByItself(one) || isUpgrading(one.body),
    });
    const content = (answer.body ?? {}) as JsonObject;
    const errors = (content["errors"] ?? []) as string[];
    if (absent.includes(answer.status)) return undefined;
    if (answer.status >= 400) throw new VaultError(method, `${this.#http.url}${url}`, answer.status, errors);
    return content;
  }
}

/** A KV mount that was made a moment ago refuses its first requests while it becomes version 2. */
function isUpgrading(body: Json | undefined): boolean {
  return JSON.stringify(body ?? "").includes("Upgrading from non-versioned to versioned");
}
