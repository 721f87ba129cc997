import { rootCertificates } from "node:tls";
import type { AzureTarget } from "../domain/plan/environment.ts";
import { Redacted } from "../domain/redacted.ts";
import { HttpClient, objectIn, parseAnswer, ServerError, type ServerErrorOptions } from "./http.ts";
import { retry, type RetryOptions } from "./pacing.ts";

/** Azure refused, or failed; by its own code, such as `AuthorizationFailed`. */
export class AzureRestError extends ServerError {
  readonly code: string;
  /** Without the code. */
  readonly problem: string;

  constructor(
    status: number,
    { code = "", message = "" }: { code?: string; message?: string },
    options?: ServerErrorOptions,
  ) {
    super(status, [code, message].filter((part) => part !== "").join(": "), options);
    this.name = "AzureRestError";
    this.code = code;
    this.problem = message;
  }
}

export interface AzureClientOptions {
  /** Such as `https://management.azure.com`. */
  readonly resourceManager: string;
  /** Such as `https://ameidekv.vault.azure.net/`. */
  readonly keyVaultUri: string;
  /** @param scope - such as `https://vault.azure.net/.default` */
  readonly token: (scope: string) => Promise<Redacted>;
  /** PEM, for servers with a certificate of a private CA. @default - what Node trusts */
  readonly ca?: string | undefined;
  /** Until the whole answer is there. @default 8,000 */
  readonly timeoutInMs?: number;
  /** @default - each call is made once */
  readonly retry?: RetryOptions;
}

const keyVaultScope = "https://vault.azure.net/.default";
/** Version of Key Vault's data plane; other versions have other fields. */
const keyVaultApi = "7.5";

/** Azure Resource Manager and the data plane of one Key Vault, over REST. */
export class AzureClient {
  readonly #options: AzureClientOptions;
  readonly #resourceManager: HttpClient;
  readonly #keyVault: HttpClient;

  constructor(options: AzureClientOptions) {
    this.#options = options;
    const { resourceManager, keyVaultUri, ca, timeoutInMs = 8_000 } = options;
    const settings = { connections: 16, timeoutInMs, headers: { accept: "application/json" }, ca };
    this.#resourceManager = new HttpClient(new URL(resourceManager).origin, settings);
    this.#keyVault = new HttpClient(new URL(keyVaultUri).origin, settings);
  }

  /** @param pathOrLink - a path with its api-version, or the `nextLink` of a page. @throws AzureRestError, NetworkError */
  async arm<T extends object>(pathOrLink: string, method = "GET", body?: object): Promise<T> {
    const { resourceManager } = this.#options;
    const url = within(pathOrLink, resourceManager);
    return await this.#call(this.#resourceManager, method, url, `${url.origin}/.default`, body);
  }

  /** @param pathOrLink - a path, or the `nextLink` of a page. @throws AzureRestError, NetworkError */
  async keyVault<T extends object>(pathOrLink: string, method = "GET", body?: object): Promise<T> {
    const url = within(pathOrLink, this.#options.keyVaultUri);
    if (!url.searchParams.has("api-version"))
      url.search += `${url.search === "" ? "?" : "&"}api-version=${keyVaultApi}`;
    return await this.#call(this.#keyVault, method, url, keyVaultScope, body);
  }

  close(): void {
    this.#resourceManager.close();
    this.#keyVault.close();
  }

  async #call<T>(http: HttpClient, method: string, url: URL, scope: string, body: object | undefined): Promise<T> {
    const call = `${method} ${url.pathname}`;
    const { token, retry: settings } = this.#options;
    const attempt = async (): Promise<T> => {
      const response = await http.request(method, `${url.pathname}${url.search}`, {
        headers: {
          authorization: `Bearer ${(await token(scope)).reveal()}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        body: body && JSON.stringify(body),
        signal: settings?.signal,
      });
      const { status, headers, body: text } = response;
      if (status >= 300) throw new AzureRestError(status, objectIn(text)["error"] ?? {}, { call, headers });
      return (text === "" ? undefined : parseAnswer(call, text)) as T;
    };
    return settings === undefined ? await attempt() : await retry(attempt, settings);
  }
}

/** A token goes to the server that it is meant for, wherever a link leads. @throws Error */
function within(pathOrLink: string, base: string): URL {
  const url = new URL(pathOrLink, base);
  if (url.origin !== new URL(base).origin)
    throw new Error(`${base} answered with a link to another server: ${url.origin}`);
  return url;
}

/** Azure as the person at the keyboard, by the default chain of credentials (az login, workload identity, environment). */
export async function signedInAzure({
  keyVaultUri,
  extraCaPem,
}: Pick<AzureTarget, "keyVaultUri" | "extraCaPem">): Promise<AzureClient> {
  const { DefaultAzureCredential } = await import("@azure/identity");
  const credential = new DefaultAzureCredential();
  return new AzureClient({
    keyVaultUri,
    // next to Node's own: there may be a proxy between the cluster and Azure, but not between this machine and Azure
    ca: extraCaPem && [...rootCertificates, extraCaPem].join("\n"),
    resourceManager: "https://management.azure.com",
    token: async (scope) => new Redacted((await credential.getToken(scope)).token),
  });
}
