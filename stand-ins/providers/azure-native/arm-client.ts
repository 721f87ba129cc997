import { setTimeout as sleep } from "node:timers/promises";
import { HttpJson, passesByItself, type Answer } from "../http-json.ts";
import type { Json, JsonObject } from "../property-value.ts";

/** Resource Manager's answer, with its own code and message. */
export class ArmError extends Error {
  readonly status: number;
  readonly code: string;

  constructor({ status, body }: Answer) {
    const { code = "", message = "" } =
      (body as { error?: { code?: string; message?: string } } | undefined)?.error ?? {};
    super(`Status=${status} Code=${JSON.stringify(code)} Message=${JSON.stringify(message)}`);
    this.name = "ArmError";
    this.status = status;
    this.code = code;
  }
}

export interface ArmAddress {
  readonly endpoint: string;
  readonly caPem: string;
  readonly operatorToken: string;
  readonly subscriptionId: string | undefined;
  readonly location: string | undefined;
}

const longestOperationInMilliseconds = 600_000;
const dataPlaneVersion = "7.5";

/** Azure Resource Manager, and the calls of Key Vault's data plane that Resource Manager lacks. */
export class ArmClient {
  readonly location: string | undefined;
  readonly #http: HttpJson;
  readonly #subscriptionId: string | undefined;
  readonly #cancelled: AbortSignal;

  constructor({ endpoint, caPem, operatorToken, subscriptionId, location }: ArmAddress, cancelled: AbortSignal) {
    const headers = { authorization: `Bearer ${operatorToken}` };
    this.#http = new HttpJson({ url: endpoint, ca: caPem, headers }, cancelled);
    this.#subscriptionId = subscriptionId;
    this.#cancelled = cancelled;
    this.location = location;
  }

  /** `/subscriptions/<id>`. @throws Error if the program named none */
  get subscription(): string {
    if (this.#subscriptionId === undefined) {
      throw new Error("azure-native: no subscription: set subscriptionId on the provider");
    }
    return `/subscriptions/${this.#subscriptionId}`;
  }

  /** @returns undefined where nothing is there. @throws ArmError */
  async get(id: string, apiVersion: string): Promise<JsonObject | undefined> {
    const answer = await this.#send("GET", `${id}?api-version=${apiVersion}`);
    return answer.status === 404 ? undefined : success(answer);
  }

  /** Waits for a change that Azure carries on in the background. @throws ArmError */
  async put(id: string, apiVersion: string, body: JsonObject): Promise<void> {
    const answer = await this.#send("PUT", `${id}?api-version=${apiVersion}`, body);
    success(answer);
    await this.#finished(answer);
  }

  /** Succeeds where nothing is there. @throws ArmError */
  async delete(id: string, apiVersion: string): Promise<void> {
    const answer = await this.#send("DELETE", `${id}?api-version=${apiVersion}`);
    if (answer.status === 404) return;
    success(answer);
    await this.#finished(answer);
  }

  /** Key Vault's data plane: the secret goes into soft delete. @throws ArmError */
  async deleteSecret(vaultUri: string, name: string): Promise<void> {
    const url = `${vaultUri}secrets/${encodeURIComponent(name)}?api-version=${dataPlaneVersion}`;
    const answer = await this.#send("DELETE", url);
    if (answer.status !== 404) success(answer);
  }

  /**
   * Key Vault's data plane: brings a secret back from soft delete, with all of its versions.
   *
   * @returns whether there was one. @throws ArmError
   */
  async recoverSecret(vaultUri: string, name: string): Promise<boolean> {
    const url = `${vaultUri}deletedsecrets/${encodeURIComponent(name)}`;
    const answer = await this.#send("POST", `${url}/recover?api-version=${dataPlaneVersion}`);
    if (answer.status === 404) return false;
    success(answer);
    return true;
  }

  #send(method: string, path: string, body?: Json): Promise<Answer> {
    return this.#http.send(method, path, { ...(body === undefined ? {} : { body }), retryIf: mayPass });
  }

  /** @see https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations */
  async #finished({ status, headers }: Answer): Promise<void> {
    const operation = headers["azure-asyncoperation"];
    const url = typeof operation === "string" ? operation : headers.location;
    if ((status !== 201 && status !== 202) || url === undefined) return;
    const deadline = Date.now() + longestOperationInMilliseconds;
    while (Date.now() < deadline) {
      const answer = await this.#send("GET", url);
      const state = (success(answer)["status"] ?? "Succeeded") as string;
      if (state === "Failed" || state === "Canceled") throw new ArmError(answer);
      if (answer.status !== 202 && state === "Succeeded") return;
      await sleep(Number(answer.headers["retry-after"] ?? 1) * 1000, undefined, { signal: this.#cancelled });
    }
    throw new Error(`azure-native: ${url} did not finish in ${longestOperationInMilliseconds / 1000} s`);
  }
}

function success(answer: Answer): JsonObject {
  if (answer.status >= 400) throw new ArmError(answer);
  return (answer.body ?? {}) as JsonObject;
}

/** Azure refuses a second federated credential of an identity while the first is being written. */
function mayPass(answer: Answer): boolean {
  if (answer.status !== 409) return passesByItself(answer) || answer.status === 503;
  return new ArmError(answer).code.startsWith("ConcurrentFederatedIdentityCredentialsWrites");
}
