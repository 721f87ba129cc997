import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Redacted } from "../domain/redacted.ts";
import { BootstrapFailure, messageOf } from "./failure.ts";
import { HttpClient, NetworkError, parseAnswer, type HttpResponse } from "./http.ts";
import { retry, retryAfterInMs, type RetryVerdict } from "./retry.ts";
import type { Timing } from "./timing.ts";

/** An answer of the API server that is not a success. */
export class KubernetesError extends Error {
  readonly status: number;
  readonly retryAfterInMs: number | undefined;

  constructor(call: string, response: HttpResponse) {
    super(`${call}: ${response.status} ${statusMessage(response.body)}`);
    this.name = "KubernetesError";
    this.status = response.status;
    this.retryAfterInMs = retryAfterInMs(response.headers["retry-after"]);
  }
}

/** The `message` of a Status. It names objects and verbs; of a Secret it never quotes the data. */
function statusMessage(body: string): string {
  try {
    return ((JSON.parse(body) as { message?: string }).message ?? "").slice(0, 300);
  } catch {
    return "";
  }
}

export interface KubernetesClientOptions {
  /** Such as `https://10.0.0.1:443`. */
  readonly address: string;
  /** Holds `token`, `ca.crt`; as the kubelet mounts it. */
  readonly serviceAccountDir: string;
  readonly timing: Timing;
  readonly signal?: AbortSignal;
}

export interface KubernetesAnswer {
  readonly body: unknown;
  /** The server's own clock, which the Lease is judged by: ours may be off. */
  readonly serverTime: Date;
}

/** The four calls that the bootstrap makes of Kubernetes' API, as its own ServiceAccount. */
export class KubernetesClient {
  readonly #options: KubernetesClientOptions;
  readonly #http: HttpClient;

  private constructor(options: KubernetesClientOptions, ca: string) {
    this.#options = options;
    // a run that is told to stop has 30 s to write its status and give its Lease back
    this.#http = new HttpClient(options.address, { ca, timeoutInMs: 10_000 });
  }

  /** @throws BootstrapFailure `bad-configuration` where the ServiceAccount is not mounted. */
  static async connect(options: KubernetesClientOptions): Promise<KubernetesClient> {
    return new KubernetesClient(options, await readMounted(options.serviceAccountDir, "ca.crt"));
  }

  /** The ServiceAccount's token, read anew each time: the kubelet replaces it. */
  async token(): Promise<Redacted> {
    return new Redacted((await readMounted(this.#options.serviceAccountDir, "token")).trim());
  }

  /** @returns `undefined` where there is no such object. */
  async get(path: string): Promise<KubernetesAnswer | undefined> {
    try {
      return await this.#call("GET", path);
    } catch (error) {
      if (error instanceof KubernetesError && error.status === 404) return undefined;
      throw error;
    }
  }

  /** @throws KubernetesError with status 409 where it exists. */
  async create(path: string, object: object, { dryRun = false } = {}): Promise<KubernetesAnswer> {
    return await this.#call("POST", dryRun ? `${path}?dryRun=All` : path, object);
  }

  /** @throws KubernetesError with status 409 where its resourceVersion is not the current one. */
  async replace(path: string, object: object): Promise<KubernetesAnswer> {
    return await this.#call("PUT", path, object);
  }

  /** Server-side apply: creates the object, or changes the fields that we own of it. */
  async apply(path: string, object: object): Promise<KubernetesAnswer> {
    return await this.#call("PATCH", `${path}?fieldManager=vault-bootstrap&force=true`, object);
  }

  close(): void {
    this.#http.close();
  }

  async #call(method: string, path: string, object?: object): Promise<KubernetesAnswer> {
    const attempt = async (): Promise<KubernetesAnswer> => {
      const response = await this.#http.request(method, path, {
        headers: {
          accept: "application/json",
          authorization: `Bearer ${(await this.token()).reveal()}`,
          ...(object === undefined
            ? {}
            : { "content-type": method === "PATCH" ? "application/apply-patch+yaml" : "application/json" }),
        },
        ...(object === undefined ? {} : { body: JSON.stringify(object) }),
      });
      if (response.status >= 300) throw new KubernetesError(`${method} ${path}`, response);
      const serverTime = new Date(response.headers.date ?? Date.now());
      return { body: parseAnswer(path, response.body), serverTime };
    };
    const { timing, signal } = this.#options;
    return await retry(attempt, { timing, verdict: kubernetesVerdict, ...(signal === undefined ? {} : { signal }) });
  }
}

function kubernetesVerdict(error: unknown): RetryVerdict {
  if (error instanceof NetworkError) return {};
  if (!(error instanceof KubernetesError) || (error.status !== 429 && error.status < 500)) return undefined;
  return error.retryAfterInMs === undefined ? {} : { afterInMs: error.retryAfterInMs };
}

async function readMounted(folder: string, file: string): Promise<string> {
  try {
    return await readFile(join(folder, file), "utf8");
  } catch (error) {
    throw new BootstrapFailure(
      "bad-configuration",
      `the ServiceAccount's ${file} is not at ${join(folder, file)}`,
      "leave automountServiceAccountToken on in the pod, and set SERVICE_ACCOUNT_DIR only outside a cluster",
      { cause: error },
    );
  }
}

/** What the API server's refusal or silence means for the run. */
export function kubernetesFailure(error: unknown, what: string): unknown {
  if (error instanceof NetworkError) {
    return new BootstrapFailure(
      "kubernetes-unreachable",
      `cannot ${what}: ${error.message}`,
      "see whether a NetworkPolicy keeps the pod from the API server",
      { cause: error },
    );
  }
  if (!(error instanceof KubernetesError)) return error;
  return new BootstrapFailure(
    "kubernetes-refused",
    `cannot ${what}: ${messageOf(error)}`,
    "the Role of the bootstrap's ServiceAccount grants this; run ameide-secrets up, which makes it",
    { cause: error },
  );
}
