import { setTimeout as sleep } from "node:timers/promises";
import { AzureClient, AzureRestError, type AzureAnswer } from "../../../clients/azure.ts";
import type { ServerError } from "../../../clients/http.ts";
import { Redacted } from "../../../domain/redacted.ts";
import type { JsonObject } from "../property-value.ts";
import { providerRetries } from "../retries.ts";

export interface ArmAddress {
  readonly endpoint: string;
  readonly caPem: string;
  readonly operatorToken: string;
  readonly subscriptionId: string | undefined;
  readonly location: string | undefined;
}

const longestOperationInMilliseconds = 600_000;

/** Azure Resource Manager, and the calls of Key Vault's data plane that Resource Manager lacks. */
export class ArmClient {
  readonly location: string | undefined;
  readonly #azure: AzureClient;
  readonly #subscriptionId: string | undefined;
  readonly #cancelled: AbortSignal;

  constructor({ endpoint, caPem, operatorToken, subscriptionId, location }: ArmAddress, cancelled: AbortSignal) {
    this.#azure = new AzureClient({
      resourceManager: endpoint,
      keyVaultUri: endpoint,
      ca: caPem,
      token: () => Promise.resolve(new Redacted(operatorToken)),
      timeoutInMs: 60_000,
      retry: providerRetries(cancelled, mayPass),
    });
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

  /** @returns undefined where nothing is there. @throws Error in Azure's words */
  async get(id: string, apiVersion: string): Promise<JsonObject | undefined> {
    return (await this.#unlessGone(this.#arm("GET", `${id}?api-version=${apiVersion}`)))?.body;
  }

  /** Waits for a change that Azure carries on in the background. @throws Error in Azure's words */
  async put(id: string, apiVersion: string, body: JsonObject): Promise<void> {
    await this.#finished(await this.#arm("PUT", `${id}?api-version=${apiVersion}`, body).catch(asProvider));
  }

  /** Succeeds where nothing is there. @throws Error in Azure's words */
  async delete(id: string, apiVersion: string): Promise<void> {
    const answer = await this.#unlessGone(this.#arm("DELETE", `${id}?api-version=${apiVersion}`));
    if (answer !== undefined) await this.#finished(answer);
  }

  /** Key Vault's data plane: the secret goes into soft delete. @throws Error in Azure's words */
  async deleteSecret(vaultUri: string, name: string): Promise<void> {
    await this.#unlessGone(this.#azure.callKeyVault("DELETE", `${vaultUri}secrets/${encodeURIComponent(name)}`));
  }

  /**
   * Key Vault's data plane: brings a secret back from soft delete, with all of its versions.
   *
   * @returns whether there was one. @throws Error in Azure's words
   */
  async recoverSecret(vaultUri: string, name: string): Promise<boolean> {
    const url = `${vaultUri}deletedsecrets/${encodeURIComponent(name)}/recover`;
    return (await this.#unlessGone(this.#azure.callKeyVault("POST", url))) !== undefined;
  }

  async #arm(method: string, path: string, body?: JsonObject): Promise<AzureAnswer<JsonObject>> {
    return await this.#azure.callArm<JsonObject>(method, path, body);
  }

  async #unlessGone<T>(answer: Promise<T>): Promise<T | undefined> {
    return await answer.catch((error: unknown) => {
      if (error instanceof AzureRestError && error.status === 404) return undefined;
      return asProvider(error);
    });
  }

  /** @see https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations */
  async #finished({ status, headers }: AzureAnswer<unknown>): Promise<void> {
    const operation = headers["azure-asyncoperation"];
    const url = typeof operation === "string" ? operation : headers.location;
    if ((status !== 201 && status !== 202) || url === undefined) return;
    const deadline = Date.now() + longestOperationInMilliseconds;
    while (Date.now() < deadline) {
      const answer = await this.#arm("GET", url).catch(asProvider);
      const { status: state = "Succeeded", error } = (answer.body ?? {}) as { status?: string; error?: object };
      if (state === "Failed" || state === "Canceled") asProvider(new AzureRestError(answer.status, error ?? {}));
      if (answer.status !== 202 && state === "Succeeded") return;
      await sleep(Number(answer.headers["retry-after"] ?? 1) * 1000, undefined, { signal: this.#cancelled });
    }
    throw new Error(`azure-native: ${url} did not finish in ${longestOperationInMilliseconds / 1000} s`);
  }
}

/** @throws Error worded as the real provider words it. */
function asProvider(error: unknown): never {
  if (!(error instanceof AzureRestError)) throw error;
  const { status, code, problem } = error;
  const message = `Status=${status} Code=${JSON.stringify(code)} Message=${JSON.stringify(problem)}`;
  throw new Error(message, { cause: error });
}

/** The status of Azure's refusal, `undefined` for any other error. */
export function azureStatus(error: unknown): number | undefined {
  return error instanceof Error && error.cause instanceof AzureRestError ? error.cause.status : undefined;
}

/** Azure refuses a second federated credential of an identity while the first is being written. */
function mayPass(error: ServerError): boolean {
  if (error.status !== 409) return error.status === 503;
  return error instanceof AzureRestError && error.code.startsWith("ConcurrentFederatedIdentityCredentialsWrites");
}
