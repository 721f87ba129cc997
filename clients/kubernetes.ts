import type { RequestOptions } from "node:https";
import {
  HttpClient,
  NetworkError,
  objectIn,
  parseAnswer,
  ServerError,
  type HttpClientOptions,
  type HttpRequest,
  type HttpResponse,
  type ServerErrorOptions,
} from "./http.ts";
import { retry, type RetryOptions } from "./pacing.ts";

/** A plain object of the Kubernetes API. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly [key: string]: unknown;
  };
  readonly [key: string]: unknown;
}

export interface WatchEvent<T> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";
  readonly object: T;
}

interface StatusDetails {
  readonly reason?: string;
  readonly causes?: readonly { readonly reason?: string; readonly field?: string; readonly message?: string }[];
}

/** The API server refused, or failed. Its message names objects and verbs; of a Secret it never quotes the data. */
export class KubernetesError extends ServerError {
  /** Such as `NotFound`. */
  readonly reason: string;
  readonly causes: NonNullable<StatusDetails["causes"]>;

  constructor(
    status: number,
    message: string,
    { reason = "", causes = [], ...options }: StatusDetails & ServerErrorOptions = {},
  ) {
    super(status, message, options);
    this.name = "KubernetesError";
    this.reason = reason;
    this.causes = causes;
  }

  /** Another field manager owns what was to be applied; another try changes nothing. */
  get isFieldConflict(): boolean {
    return this.status === 409 && this.causes.some(({ reason }) => reason === "FieldManagerConflict");
  }
}

export type PatchType = "application/merge-patch+json" | "application/strategic-merge-patch+json";

export interface ApplyOptions {
  readonly fieldManager: string;
  /** Takes fields over from other managers. @default true */
  readonly force?: boolean;
  readonly dryRun?: boolean;
}

/**
 * One cluster, as one caller. Paths begin at the server's root. Each call throws KubernetesError if the API server
 * refuses, and NetworkError (or what the client makes of it) if there is no answer.
 */
export interface Cluster {
  /** Name of the kubeconfig's context; `""` in the cluster itself. */
  readonly context: string;
  get<T extends object = KubernetesObject>(path: string): Promise<T>;
  /** `undefined` if there is no such object. */
  find<T extends object = KubernetesObject>(path: string): Promise<T | undefined>;
  create<T extends object = KubernetesObject>(
    path: string,
    object: object,
    options?: { readonly dryRun?: boolean },
  ): Promise<T>;
  patch(path: string, change: object, type?: PatchType): Promise<KubernetesObject>;
  /** @param options - DeleteOptions */
  remove(path: string, options?: object): Promise<void>;
  /** Plain text, such as a pod's log. */
  text(path: string): Promise<string>;
  /** A collection's metadata alone: no value of a Secret crosses the wire. */
  metadata(path: string): Promise<readonly KubernetesObject["metadata"][]>;
  /**
   * The changes of a collection as they happen; ends when the server ends it.
   *
   * @param path - with `watch=true` and the `resourceVersion` to start from; 410 if that version is too old.
   */
  watch<T extends object = KubernetesObject>(path: string, signal: AbortSignal): AsyncIterable<WatchEvent<T>>;
}

export interface KubernetesClientOptions extends Pick<
  HttpClientOptions,
  "ca" | "cert" | "key" | "connections" | "timeoutInMs"
> {
  /** Such as `https://10.0.0.1:443`. */
  readonly address: string;
  readonly context?: string;
  /** Asked at each call, since tokens expire: headers, or an agent with credentials of its own. */
  readonly authenticate?: () => Promise<RequestOptions>;
  /** @default - each call is made once */
  readonly retry?: RetryOptions;
  /** Breaks calls off. @default - a call that was begun is ended */
  readonly signal?: AbortSignal;
  /** Makes the error that callers get if there is no answer. @default - NetworkError */
  readonly unreachable?: (error: NetworkError) => Error;
}

interface Call extends Pick<HttpRequest, "body"> {
  readonly type?: string;
  readonly accept?: string;
}

const metadataOnly = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

export class KubernetesClient implements Cluster {
  readonly address: string;
  readonly context: string;
  readonly #options: KubernetesClientOptions;
  readonly #http: HttpClient;
  #serverTime = new Date();

  constructor(options: KubernetesClientOptions) {
    this.address = options.address;
    this.context = options.context ?? "";
    this.#options = options;
    this.#http = new HttpClient(options.address, options);
  }

  /** The server's own clock at its last answer: ours may be off. */
  get serverTime(): Date {
    return this.#serverTime;
  }

  async get<T extends object = KubernetesObject>(path: string): Promise<T> {
    return await this.#json<T>("GET", path);
  }

  async find<T extends object = KubernetesObject>(path: string): Promise<T | undefined> {
    try {
      return await this.get<T>(path);
    } catch (error) {
      if (error instanceof KubernetesError && error.status === 404) return undefined;
      throw error;
    }
  }

  /** Status 409 if it exists. */
  async create<T extends object = KubernetesObject>(path: string, object: object, { dryRun = false } = {}): Promise<T> {
    return await this.#json<T>("POST", dryRun ? `${path}?dryRun=All` : path, { body: JSON.stringify(object) });
  }

  /** Status 409 if its resourceVersion is not the current one. */
  async replace<T extends object = KubernetesObject>(path: string, object: object): Promise<T> {
    return await this.#json<T>("PUT", path, { body: JSON.stringify(object) });
  }

  /** Server-side apply: creates the object, or changes the fields that the field manager owns. */
  async apply<T extends object = KubernetesObject>(path: string, object: object, options: ApplyOptions): Promise<T> {
    const { fieldManager, force = true, dryRun = false } = options;
    const query = new URLSearchParams({ fieldManager, force: String(force) });
    if (dryRun) query.set("dryRun", "All");
    const call = { body: JSON.stringify(object), type: "application/apply-patch+yaml" }; // JSON is YAML
    return await this.#json<T>("PATCH", `${path}?${query.toString()}`, call);
  }

  async patch(
    path: string,
    change: object,
    type: PatchType = "application/merge-patch+json",
  ): Promise<KubernetesObject> {
    return await this.#json("PATCH", path, { body: JSON.stringify(change), type });
  }

  async remove(path: string, options?: object): Promise<void> {
    await this.#send("DELETE", path, options === undefined ? {} : { body: JSON.stringify(options) });
  }

  async text(path: string): Promise<string> {
    return (await this.#send("GET", path)).body;
  }

  async metadata(path: string): Promise<readonly KubernetesObject["metadata"][]> {
    const { items } = await this.#json<{ items: readonly KubernetesObject[] | null }>("GET", path, {
      accept: metadataOnly,
    });
    return (items ?? []).map(({ metadata }) => metadata);
  }

  async *watch<T extends object = KubernetesObject>(path: string, signal: AbortSignal): AsyncGenerator<WatchEvent<T>> {
    const request = { signal, options: await this.#authenticated() };
    try {
      for await (const line of this.#http.lines(path, request, (response) => errorOf(`GET ${path}`, response))) {
        const { type, object } = JSON.parse(line) as { type: WatchEvent<T>["type"] | "ERROR"; object: T };
        if (type === "ERROR") throw brokenOff(object, path);
        yield { type, object };
      }
    } catch (error) {
      throw this.#explained(error);
    }
  }

  close(): void {
    this.#http.close();
  }

  async #json<T>(method: string, path: string, call?: Call): Promise<T> {
    return parseAnswer(path, (await this.#send(method, path, call)).body) as T;
  }

  async #send(method: string, path: string, call: Call = {}): Promise<HttpResponse> {
    const { retry: settings } = this.#options;
    const attempt = async (): Promise<HttpResponse> => await this.#once(method, path, call);
    try {
      return settings === undefined ? await attempt() : await retry(attempt, settings);
    } catch (error) {
      throw this.#explained(error);
    }
  }

  async #once(method: string, path: string, call: Call): Promise<HttpResponse> {
    const { body, type = "application/json", accept = "application/json, */*" } = call;
    const response = await this.#http.request(method, path, {
      headers: { accept, ...(body === undefined ? {} : { "content-type": type }) },
      ...(body === undefined ? {} : { body }),
      signal: this.#options.signal,
      options: await this.#authenticated(),
    });
    this.#serverTime = new Date(response.headers.date ?? Date.now());
    if (response.status >= 300) throw errorOf(`${method} ${path}`, response);
    return response;
  }

  async #authenticated(): Promise<RequestOptions> {
    return (await this.#options.authenticate?.()) ?? {};
  }

  #explained(error: unknown): unknown {
    return error instanceof NetworkError ? (this.#options.unreachable?.(error) ?? error) : error;
  }
}

function errorOf(call: string, { status, headers, body }: HttpResponse): KubernetesError {
  const {
    message = "",
    reason = "",
    details,
  } = objectIn(body) as StatusDetails & { message?: string; details?: StatusDetails };
  return new KubernetesError(status, message, { reason, causes: details?.causes ?? [], call, headers });
}

/** Inside a watch the server reports a failure as an object of kind Status. */
function brokenOff(
  { code = 0, message = "the watch failed" }: { code?: number; message?: string },
  path: string,
): KubernetesError {
  return new KubernetesError(code, message, { call: `GET ${path}` });
}

const pageSize = 500;

/** All objects of a collection, page by page. @param path - may have a query. */
export async function listAll<T>(cluster: Pick<Cluster, "get">, path: string): Promise<readonly T[]> {
  const all: T[] = [];
  let next = "";
  do {
    const query = `limit=${pageSize}${next === "" ? "" : `&continue=${encodeURIComponent(next)}`}`;
    const page = await cluster.get<{ items: readonly T[]; metadata?: { continue?: string } }>(
      `${path}${path.includes("?") ? "&" : "?"}${query}`,
    );
    all.push(...page.items);
    next = page.metadata?.continue ?? "";
  } while (next !== "");
  return all;
}

/**
 * The log of a pod, empty if it has none: the API server answers 400 while no container has started, 404 once the pod is
 * gone.
 *
 * @param tail - lines from its end. @default - all of it
 * @throws what else the cluster throws: a missing right to `pods/log` is not an empty log.
 */
export async function podLog(
  cluster: Pick<Cluster, "text">,
  namespace: string,
  pod: string,
  tail?: number,
): Promise<string> {
  const query = tail === undefined ? "" : `?tailLines=${tail}`;
  return cluster.text(`/api/v1/namespaces/${namespace}/pods/${pod}/log${query}`).catch((error: unknown) => {
    if (error instanceof ServerError && (error.status === 400 || error.status === 404)) return "";
    throw error;
  });
}
