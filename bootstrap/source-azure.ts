import { WorkloadIdentityCredential } from "@azure/identity";
import { SecretClient, type KeyVaultSecret, type SecretClientOptions } from "@azure/keyvault-secrets";
import type { BootstrapConfig } from "../domain/bootstrap-config.ts";
import { Redacted } from "../domain/redacted.ts";
import {
  azureFailure,
  azureVerdict,
  faultOf,
  isDisabled,
  isNotFound,
  requireTokenFile,
  type AzureIdentity,
} from "./azure-errors.ts";
import { messageOf } from "./failure.ts";
import { NetworkError, parseAnswer } from "../clients/http.ts";
import { Pacer, retry, retryAfterInMs, type RetryVerdict } from "../clients/pacing.ts";
import type { Run } from "./run-context.ts";
import type { SecretSource, SourceItem, SourceValue } from "./source.ts";

/** 4,000 in any 10 s is Key Vault's limit for one vault (service limits); the rest is left to those who share it. */
const callsPerWindow = 3_800;
const windowInMs = 10_000;

/** For one request; Key Vault answers within a second. */
const answerInMs = 15_000;

/** Key Vault has `updated` in whole seconds: within two of them, another change could have the same stamp. */
const settlesAfterInMs = 2_000;

interface AzureSourceOptions extends Pick<Run, "timing" | "log" | "signal"> {
  readonly source: Extract<BootstrapConfig["source"], { type: "azure-key-vault" }>;
  readonly identity: AzureIdentity;
}

type Policy = NonNullable<SecretClientOptions["additionalPolicies"]>[number]["policy"];
type PipelineResponse = Awaited<ReturnType<Policy["sendRequest"]>>;

/** Throttled, or a fault of the service: the same request may succeed. */
class PassingAnswer extends Error {
  readonly afterInMs: number | undefined;

  constructor({ status, headers }: PipelineResponse) {
    super(`Key Vault answered ${status}`);
    this.afterInMs = retryAfterInMs(headers.get("retry-after"));
  }
}

function passes(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

function requestVerdict(error: unknown): RetryVerdict {
  if (error instanceof PassingAnswer) return error.afterInMs === undefined ? {} : { afterInMs: error.afterInMs };
  return faultOf(error)?.kind === "unreachable" ? {} : undefined;
}

/** Azure Key Vault, read by workload identity. */
export class AzureSource implements SecretSource {
  readonly description: string;
  readonly #options: AzureSourceOptions;
  #client: SecretClient;
  readonly #pacer = new Pacer(callsPerWindow, windowInMs);
  readonly #startedAt = Date.now();
  #calls = 0;
  /** Key Vault's clock at its last answer, in whole seconds; ours may be off. */
  #serverTime: number | undefined;

  /** @throws BootstrapFailure `token-file-missing` */
  static async open(options: AzureSourceOptions): Promise<AzureSource> {
    await requireTokenFile(options.identity);
    return new AzureSource(options);
  }

  private constructor(options: AzureSourceOptions) {
    this.#options = options;
    this.description = `Key Vault ${options.source.uri}`;
    this.#client = this.#connect();
  }

  #connect(): SecretClient {
    const { source, identity } = this.#options;
    // retried here and not by Azure's pipeline: every request is paced and counted, and propagation has its own bound
    const retryOptions = { maxRetries: 0 };
    const credential = new WorkloadIdentityCredential({
      clientId: identity.clientId,
      tenantId: identity.tenantId,
      tokenFilePath: identity.tokenFile,
      ...(identity.authorityHost === undefined ? {} : { authorityHost: identity.authorityHost }),
      disableInstanceDiscovery: source.disableInstanceDiscovery,
      retryOptions,
      additionalPolicies: [{ policy: this.#timeLimit(), position: "perRetry" }],
    });
    return new SecretClient(source.uri, credential, {
      disableChallengeResourceVerification: source.disableChallengeResourceVerification,
      retryOptions,
      additionalPolicies: [
        { policy: this.#requests(), position: "perRetry" },
        { policy: this.#timeLimit(), position: "perRetry" },
      ],
    });
  }

  get calls(): number {
    return this.#calls;
  }

  async list(): Promise<ReadonlyMap<string, SourceItem>> {
    return await this.#patiently("list the secrets", async () => {
      const items = new Map<string, SourceItem>();
      for await (const page of this.#client.listPropertiesOfSecrets({ abortSignal: this.#options.signal }).byPage()) {
        for (const { name, enabled, updatedOn, expiresOn } of page) {
          // Key Vault returns names in the case in which they were created, and accepts any case
          items.set(name.toLowerCase(), {
            name,
            enabled: enabled !== false,
            ...(expiresOn === undefined ? {} : this.#expiry(expiresOn)),
            ...this.#stamp(updatedOn, this.#serverTime),
          });
        }
      }
      return items;
    });
  }

  async read(name: string): Promise<SourceValue | undefined> {
    return await this.#patiently(`read secret ${name}`, async () => {
      // taken before the call: the answer cannot be older than that
      const before = this.#serverTime;
      const found = await this.#get(name);
      return (
        found && {
          value: new Redacted(found.value ?? ""),
          version: found.properties.version ?? "",
          ...this.#stamp(found.properties.updatedOn, before),
        }
      );
    });
  }

  async heldBefore(name: string, value: Redacted): Promise<boolean> {
    return await this.#patiently(`read earlier versions of secret ${name}`, async () => {
      for await (const { version } of this.#client.listPropertiesOfSecretVersions(name)) {
        if ((await this.#get(name, version))?.value === value.reveal()) return true;
      }
      return false;
    });
  }

  /** @returns `undefined` if it does not exist or is disabled. */
  async #get(name: string, version?: string): Promise<KeyVaultSecret | undefined> {
    try {
      const { signal: abortSignal } = this.#options;
      return await this.#client.getSecret(name, { abortSignal, ...(version === undefined ? {} : { version }) });
    } catch (error) {
      if (isNotFound(error) || isDisabled(error)) return undefined;
      throw error;
    }
  }

  #stamp(updated: Date | undefined, serverTime: number | undefined): { stamp: string; settled: boolean } {
    if (updated === undefined) return { stamp: "", settled: false };
    const settled = serverTime !== undefined && serverTime - updated.getTime() >= settlesAfterInMs;
    return { stamp: updated.toISOString(), settled };
  }

  #expiry(expiresOn: Date): { expiresAt: string; expired: boolean } {
    return { expiresAt: expiresOn.toISOString(), expired: expiresOn.getTime() <= (this.#serverTime ?? Date.now()) };
  }

  /** Azure's libraries wait for an answer without an end, and ask for a token whether the run was stopped or not. */
  #timeLimit(): Policy {
    const { signal } = this.#options;
    return {
      name: "vaultBootstrapTimeLimit",
      sendRequest: async (request, next) => {
        const limit = AbortSignal.timeout(answerInMs);
        const own = request.abortSignal instanceof AbortSignal ? [request.abortSignal] : [];
        request.abortSignal = AbortSignal.any([signal, limit, ...own]);
        try {
          return await next(request);
        } catch (error) {
          signal.throwIfAborted();
          if (!limit.aborted) throw error;
          throw new NetworkError("ETIMEDOUT", `ETIMEDOUT: no answer within ${answerInMs / 1000} s`, { cause: error });
        }
      },
    };
  }

  /** Paces, counts and retries each request separately, so that one failed page does not restart the whole list. */
  #requests(): Policy {
    const { timing, log, signal } = this.#options;
    return {
      name: "vaultBootstrapRequests",
      sendRequest: async (request, next) => {
        let attempt = 0;
        const send = async (): Promise<PipelineResponse> => {
          attempt++;
          await this.#pacer.turn(signal);
          this.#calls++;
          const response = await next(request);
          const time = Date.parse(response.headers.get("date") ?? "");
          if (!Number.isNaN(time)) this.#serverTime = time;
          // Azure's library quotes a body that it cannot parse, and with it the value
          if (response.status === 200) parseAnswer("Key Vault", response.bodyAsText ?? "");
          // Azure's library turns the last answer into its own error
          if (passes(response.status) && attempt < timing.retryAttempts) throw new PassingAnswer(response);
          return response;
        };
        return await retry(send, {
          timing,
          verdict: requestVerdict,
          signal,
          onRetry: (error, pause) => log.warn("retry", { pauseInMs: Math.round(pause), because: messageOf(error) }),
        });
      },
    };
  }

  async #patiently<T>(what: string, operation: () => Promise<T>): Promise<T> {
    const { timing, log, signal } = this.#options;
    const propagates = (): boolean => Date.now() - this.#startedAt < timing.propagationInMs;
    try {
      return await retry(operation, {
        timing: { ...timing, retryAttempts: timing.propagationInMs > 0 ? Infinity : timing.retryAttempts },
        verdict: azureVerdict({ timing, propagates }),
        signal,
        onRetry: (error, pause) => {
          log.warn("retry", { what, pauseInMs: Math.round(pause), because: messageOf(error) });
          // after one 429 or 5xx of the token endpoint, MSAL answers from its memory for a minute, without asking
          this.#client = this.#connect();
        },
      });
    } catch (error) {
      signal.throwIfAborted();
      throw await azureFailure(error, { what, vault: this.#options.source.uri, identity: this.#options.identity });
    }
  }
}
