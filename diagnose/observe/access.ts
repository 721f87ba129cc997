import { request } from "node:https";
import type { Redacted } from "../../domain/redacted.ts";

/** What a server answered when it did not give what was asked for. */
export class ReadError extends Error {
  readonly status: number;

  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ReadError";
    this.status = status;
  }
}

/** One cluster, context pinned. What it throws has the HTTP status as `status`. */
export interface KubernetesReader {
  readonly context: string;
  get<T extends object>(path: string): Promise<T>;
  text(path: string): Promise<string>;
}

/** Vault, as whoever the token makes; without one, what it tells everybody. */
export interface VaultReader {
  readonly address: string;
  readonly hasToken: boolean;
  /** @param path - without `/v1/`; `query` such as `list=true`. @throws ReadError */
  get<T extends object>(path: string): Promise<T>;
}

/** Azure, as the person at the keyboard. */
export interface AzureReader {
  /** Resource Manager; path with its api-version. @throws ReadError */
  arm<T extends object>(path: string): Promise<T>;
  /** The vault's data plane. @param pathOrLink - a path, or the `nextLink` of a page. @throws ReadError */
  keyVault<T extends object>(pathOrLink: string): Promise<T>;
}

/** Everything that is looked at. A part that cannot be had is left out, with the reason as a text for people. */
export interface Access {
  readonly kubernetes: KubernetesReader | string;
  readonly vault: VaultReader | string;
  readonly azure: AzureReader | string;
}

const patienceInMilliseconds = 8_000;
/** Of Key Vault's data plane; a rule of Azure. */
const keyVaultApi = "api-version=7.5";

/** @param token - the auditor's, or anyone's; who may do less is told so, part by part. */
export function vaultReader(address: string, token?: Redacted): VaultReader {
  return {
    address,
    hasToken: token !== undefined,
    get: async <T>(path: string): Promise<T> => {
      const headers = token === undefined ? {} : { "x-vault-token": token.reveal() };
      const signal = AbortSignal.timeout(patienceInMilliseconds);
      const response = await fetch(new URL(`/v1/${path}`, address), { headers, signal });
      const text = await response.text();
      // health answers with its state as the status, and the same body in all of them
      if (response.ok || path.startsWith("sys/health")) return JSON.parse(text) as T;
      throw new ReadError(response.status, vaultErrors(text));
    },
  };
}

/**
 * @param options.resourceManager - such as `https://management.azure.com`.
 * @param options.token - for a scope such as `https://vault.azure.net/.default`, by any credential.
 * @param options.ca - PEM, where the servers' certificates are signed by a CA of one's own.
 */
export function azureReader(options: {
  readonly resourceManager: string;
  readonly keyVaultUri: string;
  readonly token: (scope: string) => Promise<Redacted>;
  readonly ca?: string;
}): AzureReader {
  const { resourceManager, keyVaultUri, token, ca } = options;
  const read = async <T>(url: URL, scope: string): Promise<T> => {
    const bearer = (await token(scope)).reveal();
    const { status, text } = await overTls(url, bearer, ca);
    if (status >= 200 && status < 300) return JSON.parse(text) as T;
    throw new ReadError(status, azureMessage(text, status));
  };
  return {
    arm: (path) => read(new URL(path, resourceManager), `${new URL(resourceManager).origin}/.default`),
    keyVault: (pathOrLink) => {
      const url = new URL(pathOrLink, keyVaultUri);
      if (!url.searchParams.has("api-version")) url.search += `${url.search === "" ? "?" : "&"}${keyVaultApi}`;
      return read(url, "https://vault.azure.net/.default");
    },
  };
}

function overTls(url: URL, bearer: string, ca: string | undefined): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${bearer}`, accept: "application/json" };
    const signal = AbortSignal.timeout(patienceInMilliseconds);
    const call = request(url, { headers, signal, ...(ca === undefined ? {} : { ca }) }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") }),
      );
    });
    call.on("error", reject);
    call.end();
  });
}

function vaultErrors(text: string): string {
  try {
    const { errors = [] } = JSON.parse(text) as { errors?: readonly string[] };
    return errors.join("; ") || "no reason given";
  } catch {
    return text.slice(0, 200);
  }
}

function azureMessage(text: string, status: number): string {
  try {
    const { error } = JSON.parse(text) as { error?: { code?: string; message?: string } };
    return [error?.code, error?.message].filter((part) => part !== undefined).join(": ") || `HTTP ${status}`;
  } catch {
    return `HTTP ${status}`;
  }
}
