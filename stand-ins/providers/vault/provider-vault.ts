import { VaultClient, VaultError } from "../../../clients/vault.ts";
import { Redacted } from "../../../domain/redacted.ts";
import type { VaultTarget } from "../../../domain/vault-target.ts";
import type { JsonObject } from "../property-value.ts";
import { providerRetries } from "../retries.ts";

/** Error messages are those of Vault's own client. */
export class ProviderVault {
  readonly #vault: VaultClient;
  readonly #hasToken: boolean;
  #lookedUp: Promise<unknown> | undefined;

  constructor(target: VaultTarget, token: string, cancelled: AbortSignal) {
    this.#hasToken = token !== "";
    this.#vault = new VaultClient({
      ...target,
      token: new Redacted(token),
      connections: 16,
      timeoutInMs: 60_000,
      // a new KV mount refuses its first requests while it is upgraded to version 2
      retry: providerRetries(cancelled, (error) => error.message.includes("Upgrading from non-versioned to versioned")),
    });
  }

  /** @returns undefined if not found. @throws Error in the words of Vault's own client */
  async read(path: string): Promise<JsonObject | undefined> {
    const answer = await this.#unlessAbsent(this.#call("GET", path));
    return answer === undefined ? undefined : ((answer["data"] ?? answer) as JsonObject);
  }

  /** @throws Error in the words of Vault's own client */
  async write(path: string, body: JsonObject): Promise<JsonObject> {
    return (await this.#call("PUT", path, body)) ?? {};
  }

  /** Succeeds if not found. @throws Error in the words of Vault's own client */
  async delete(path: string): Promise<void> {
    await this.#unlessAbsent(this.#call("DELETE", path));
  }

  async #call(method: string, path: string, body?: JsonObject): Promise<JsonObject | undefined> {
    this.#lookedUp ??= this.#lookUpToken();
    await this.#lookedUp;
    return await this.#send(method, path, body);
  }

  /** As the real provider does first. It creates no child token: this process ends with the update. */
  async #lookUpToken(): Promise<void> {
    if (!this.#hasToken) throw new Error("no vault token set on Client");
    try {
      await this.#send("GET", "auth/token/lookup-self");
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`failed to lookup token, err=${reason}`, { cause: error });
    }
  }

  async #send(method: string, path: string, body?: JsonObject): Promise<JsonObject | undefined> {
    const encoded = path.split("/").map(encodeURIComponent).join("/");
    try {
      return await this.#vault.call(method, encoded, { body });
    } catch (error) {
      if (!(error instanceof VaultError)) throw error;
      const list = error.errors.map((text) => `* ${text}`).join("\n");
      const problem = `URL: ${method} ${this.#vault.address}/v1/${encoded}\nCode: ${error.status}. Errors:\n\n${list}`;
      throw new Error(`Error making API request.\n\n${problem}`, { cause: error });
    }
  }

  async #unlessAbsent<T>(answer: Promise<T>): Promise<T | undefined> {
    return await answer.catch((error: unknown) => {
      if (error instanceof Error && error.cause instanceof VaultError && error.cause.status === 404) return undefined;
      throw error;
    });
  }
}
