import type { RequestOptions } from "node:https";
import {
  HttpClient,
  NetworkError,
  objectIn,
  parseAnswer,
  ServerError,
  type HttpClientOptions,
  type HttpResponse,
} from "./http.ts";
import { pauseFor, retry, type RetryOptions } from "./pacing.ts";

export interface Named {
  readonly namespace: string;
  readonly name: string;
}

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

/** The API server refused, or failed. Its message names objects and verbs; of a Secret it never quotes the data. */
export class KubernetesError extends ServerError {
  override readonly name = "KubernetesError";
}

export type Cluster = Pick<
  KubernetesClient,
  "context" | "get" | "find" | "create" | "patch" | "remove" | "text" | "metadata" | "watch"
>;

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
  /** Creates the error that callers get if there is no answer. @default - NetworkError */
  readonly unreachable?: (error: NetworkError) => Error;
}

/**
 * One cluster, as one caller. Paths begin at the server's root. Each call throws KubernetesError if the API server
 * refuses, and NetworkError (or the client's own error) if there is no answer.
 */
export class KubernetesClient {
  readonly address: string;
  /** Name of the kubeconfig's context; `""` in the cluster itself. */
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
    return await this.#json<T>("POST", dryRun ? `${path}?dryRun=All` : path, object);
  }

  /** Status 409 if its resourceVersion is not the current one. */
  async replace<T extends object = KubernetesObject>(path: string, object: object): Promise<T> {
    return await this.#json<T>("PUT", path, object);
  }

  /** Server-side apply: creates the object, or changes these fields; with `force` also those of another field manager. */
  async apply(
    path: string,
    object: object,
    { fieldManager, force = true }: { readonly fieldManager: string; readonly force?: boolean },
  ): Promise<void> {
    const type = "application/apply-patch+yaml"; // JSON is YAML
    await this.#json("PATCH", `${path}?fieldManager=${encodeURIComponent(fieldManager)}&force=${force}`, object, type);
  }

  async patch(
    path: string,
    change: object,
    type: "application/merge-patch+json" | "application/strategic-merge-patch+json" = "application/merge-patch+json",
  ): Promise<KubernetesObject> {
    return await this.#json("PATCH", path, change, type);
  }

  /** @param options - DeleteOptions */
  async remove(path: string, options?: object): Promise<void> {
    await this.#send("DELETE", path, options);
  }

  async text(path: string): Promise<string> {
    return (await this.#send("GET", path)).body;
  }

  /** A collection's metadata alone: no value of a Secret crosses the wire. */
  async metadata(path: string): Promise<readonly KubernetesObject["metadata"][]> {
    const accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
    const { body } = await this.#send("GET", path, undefined, undefined, accept);
    const { items } = parseAnswer(path, body) as { items: readonly KubernetesObject[] | null };
    return (items ?? []).map(({ metadata }) => metadata);
  }

  /** Ends when the server ends it. @param path - with `watch=true` and a `resourceVersion`; 410 if that is too old */
  async *watch<T extends object = KubernetesObject>(path: string, signal: AbortSignal): AsyncIterable<WatchEvent<T>> {
    const request = { signal, options: await this.#authenticated() };
    try {
      for await (const line of this.#http.lines(path, request, (response) => errorOf(`GET ${path}`, response))) {
        const { type, object } = JSON.parse(line) as { type: WatchEvent<T>["type"] | "ERROR"; object: T };
        if (type === "ERROR") {
          const { code = 0, message = "the watch failed" } = object as { code?: number; message?: string };
          throw new KubernetesError(code, message, { call: `GET ${path}` });
        }
        yield { type, object };
      }
    } catch (error) {
      throw this.#explained(error);
    }
  }

  close(): void {
    this.#http.close();
  }

  async #json<T>(method: string, path: string, content?: object, type?: string): Promise<T> {
    return parseAnswer(path, (await this.#send(method, path, content, type)).body) as T;
  }

  async #send(
    method: string,
    path: string,
    content?: object,
    type = "application/json",
    accept = "application/json, */*",
  ): Promise<HttpResponse> {
    const { retry: settings, signal } = this.#options;
    const attempt = async (): Promise<HttpResponse> => {
      const response = await this.#http.request(method, path, {
        headers: { accept, ...(content === undefined ? {} : { "content-type": type }) },
        body: content && JSON.stringify(content),
        signal,
        options: await this.#authenticated(),
      });
      this.#serverTime = new Date(response.headers.date ?? Date.now());
      if (response.status >= 300) throw errorOf(`${method} ${path}`, response);
      return response;
    };
    try {
      return settings === undefined ? await attempt() : await retry(attempt, settings);
    } catch (error) {
      throw this.#explained(error);
    }
  }

  async #authenticated(): Promise<RequestOptions> {
    return (await this.#options.authenticate?.()) ?? {};
  }

  #explained(error: unknown): unknown {
    return error instanceof NetworkError ? (this.#options.unreachable?.(error) ?? error) : error;
  }
}

function errorOf(call: string, { status, headers, body }: HttpResponse): KubernetesError {
  const { message = "" } = objectIn(body) as { message?: string };
  return new KubernetesError(status, message, { call, headers });
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

/** Before the next list, if a watch ended at once or is not allowed. */
const pauseInMs = 1_000;

/**
 * Yields the current objects and then their changes. Without the right to watch it lists every second instead.
 *
 * @param path - may have a query, such as a field selector.
 * @param see - may be called with the same state again.
 * @param over - ends it in the middle of a watch, without an error.
 * @throws what the cluster throws for a list, and what is not an answer of the API server.
 */
export async function follow<T extends object>(
  cluster: Pick<Cluster, "get" | "watch">,
  path: string,
  { see, isOver, over }: { see: (object: T) => void; isOver: () => boolean; over: AbortSignal },
): Promise<void> {
  const isDone = (): boolean => over.aborted || isOver();
  try {
    while (!isDone()) {
      const { items, metadata } = await cluster.get<{
        items: readonly T[];
        metadata?: { resourceVersion?: string };
      }>(path);
      items.forEach(see);
      if (isDone()) return;
      const query = `${path.includes("?") ? "&" : "?"}watch=true&resourceVersion=${metadata?.resourceVersion ?? ""}`;
      try {
        for await (const { object } of cluster.watch<T>(`${path}${query}`, over)) {
          see(object);
          if (isDone()) return;
        }
      } catch (error) {
        // no right to watch, or the version is too old by now: the list above does it
        if (!("status" in (error as object))) throw error;
      }
      await pauseFor(pauseInMs, over);
    }
  } catch (error) {
    if (!over.aborted) throw error;
  }
}

/**
 * The last `tail` lines, all by default; none if no container has started (400) or the pod is gone (404).
 *
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
