import { AzureClient, AzureRestError } from "../../../clients/azure.ts";
import type { ServerError } from "../../../clients/http.ts";
import { Redacted } from "../../../domain/redacted.ts";
import type { LiveConfig } from "../config.ts";
import type { JsonObject } from "../property-value.ts";
import { providerRetries } from "../retries.ts";

/** Resource Manager, which here answers after a change is done, and calls of Key Vault's data plane. */
export class ArmClient {
  readonly #azure: AzureClient;
  readonly #subscriptionId: string | undefined;

  constructor({ endpoint, caPem, operatorToken, subscriptionId }: LiveConfig["azure"], cancelled: AbortSignal) {
    this.#azure = new AzureClient({
      resourceManager: endpoint,
      keyVaultUri: endpoint,
      ca: caPem,
      token: () => Promise.resolve(new Redacted(operatorToken)),
      timeoutInMs: 60_000,
      retry: providerRetries(cancelled, mayPass),
    });
    this.#subscriptionId = subscriptionId;
  }

  /** `/subscriptions/<id>`. @throws Error if the program named none */
  get subscription(): string {
    if (this.#subscriptionId === undefined) {
      throw new Error("azure-native: no subscription: set subscriptionId on the provider");
    }
    return `/subscriptions/${this.#subscriptionId}`;
  }

  /** @returns undefined if not found. @throws Error in Azure's words */
  async get(id: string, apiVersion: string): Promise<JsonObject | undefined> {
    return await this.#unlessGone(this.#azure.arm<JsonObject>(`${id}?api-version=${apiVersion}`));
  }

  /** @throws Error in Azure's words */
  async put(id: string, apiVersion: string, body: JsonObject): Promise<void> {
    await this.#azure.arm(`${id}?api-version=${apiVersion}`, "PUT", body).catch(asProvider);
  }

  /** Succeeds if not found. @throws Error in Azure's words */
  async delete(id: string, apiVersion: string): Promise<void> {
    await this.#unlessGone(this.#azure.arm(`${id}?api-version=${apiVersion}`, "DELETE"));
  }

  /** On the data plane, into soft delete. @throws Error in Azure's words */
  async deleteSecret(vaultUri: string, name: string): Promise<void> {
    await this.#unlessGone(this.#azure.keyVault(`${vaultUri}secrets/${encodeURIComponent(name)}`, "DELETE"));
  }

  /** On the data plane. @returns whether a deleted secret was found. @throws Error in Azure's words */
  async recoverSecret(vaultUri: string, name: string): Promise<boolean> {
    const url = `${vaultUri}deletedsecrets/${encodeURIComponent(name)}/recover`;
    return (await this.#unlessGone(this.#azure.keyVault(url, "POST"))) !== undefined;
  }

  async #unlessGone<T>(answer: Promise<T>): Promise<T | undefined> {
    return await answer.catch((error: unknown) => {
      if (error instanceof AzureRestError && error.status === 404) return undefined;
      return asProvider(error);
    });
  }
}

function asProvider(error: unknown): never {
  if (!(error instanceof AzureRestError)) throw error;
  const { status, code, problem } = error;
  const message = `Status=${status} Code=${JSON.stringify(code)} Message=${JSON.stringify(problem)}`;
  throw new Error(message, { cause: error });
}

/** @returns `undefined` for an error that is not Azure's. */
export function azureStatus(error: unknown): number | undefined {
  return error instanceof Error && error.cause instanceof AzureRestError ? error.cause.status : undefined;
}

/** Azure refuses a second write of an identity's federated credentials while one is in progress. */
function mayPass(error: ServerError): boolean {
  if (error.status !== 409) return error.status === 503;
  return error instanceof AzureRestError && error.code.startsWith("ConcurrentFederatedIdentityCredentialsWrites");
}
