import type { OutgoingHttpHeaders } from "node:http";
import { Agent, request, type RequestOptions } from "node:https";
import { isDeepStrictEqual } from "node:util";
import { UserError } from "../../domain/user-error.ts";
import { watchLines } from "./watch-lines.ts";

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

/** What the API server answered where it did not do what was asked; `status` is the HTTP status. */
export class KubernetesError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = "KubernetesError";
    this.status = status;
  }
}

/** One cluster, by a kubeconfig and a context that is pinned: never the one that happens to be current. */
export interface Cluster {
  readonly context: string;
  /** @throws KubernetesError; 404 among others. */
  get<T extends object = KubernetesObject>(path: string): Promise<T>;
  /** The object, or `undefined` where there is none. */
  find<T extends object = KubernetesObject>(path: string): Promise<T | undefined>;
  create<T extends object = KubernetesObject>(path: string, object: object): Promise<T>;
  /** JSON merge patch. */
  patch(path: string, change: object): Promise<KubernetesObject>;
  remove(path: string): Promise<void>;
  /** Plain text, such as a pod's log. */
  text(path: string): Promise<string>;
  /** A collection's metadata alone: of Secrets no value crosses the wire. @throws KubernetesError */
  metadata(path: string): Promise<readonly KubernetesObject["metadata"][]>;
  /**
   * What happens to a collection, as it happens; ends when the server has enough of it.
   *
   * @param path - with `watch=true` and the `resourceVersion` to start from.
   * @throws KubernetesError; 410 where that version is too old.
   */
  watch<T extends object = KubernetesObject>(path: string, signal: AbortSignal): AsyncIterable<WatchEvent<T>>;
}

export interface WatchEvent<T> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: T;
}

/** Under the API server's own 90 s: a connection that it closes is never just being written to. */
const idleInMilliseconds = 30_000;
/** For one answer whole: enough for a log, or a page of a big list over a slow line. A watch has none. */
const patienceInMilliseconds = 30_000;
const metadataOnly = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

/**
 * Opens the context of a kubeconfig, by its own way to log in (certificates, tokens, exec plugins such as kubelogin).
 *
 * @param options.kubeconfig - path. @default - KUBECONFIG's files, or `~/.kube/config`.
 * @param options.patienceInMilliseconds - for one whole answer, watches aside. @default 30000
 * @throws UserError when the kubeconfig cannot be read or has no such context.
 */
export async function openCluster(options: {
  readonly kubeconfig?: string;
  readonly context: string;
  readonly patienceInMilliseconds?: number;
}): Promise<Cluster> {
  const { KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  try {
    if (options.kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromFile(options.kubeconfig);
  } catch (error) {
    throw UserError.of(
      "kubeconfig-unreadable",
      `the kubeconfig ${options.kubeconfig ?? "(KUBECONFIG, ~/.kube/config)"} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      "get one with: az aks get-credentials --resource-group <group> --name <cluster>",
      { cause: error },
    );
  }
  const { context } = options;
  if (config.getContextObject(context) === null) {
    const known = config.contexts.map(({ name }) => name).join(", ");
    throw UserError.of(
      "context-unknown",
      `the kubeconfig has no context ${context} (it has: ${known || "none"})`,
      "set cluster.context of the stack file to one of these",
    );
  }
  config.setCurrentContext(context);

  const patience = options.patienceInMilliseconds ?? patienceInMilliseconds;
  const server = config.getCurrentCluster()?.server ?? "";
  const authenticate = withOneAgent((options) => config.applyToHTTPSOptions(options));
  const send = async (method: string, path: string, body?: object, type = "application/json"): Promise<string> => {
    const authenticated = await authenticate({ method, headers: { "content-type": type } });
    const text = body === undefined ? undefined : JSON.stringify(body);
    return exchange(new URL(path, server), authenticated, patience, text);
  };
  const json = async <T>(...exchanged: Parameters<typeof send>): Promise<T> =>
    JSON.parse(await send(...exchanged)) as T;

  return {
    context,
    get: (path) => json("GET", path),
    find: async (path) => json("GET", path).catch(absent) as never,
    create: (path, object) => json("POST", path, object),
    patch: (path, change) => json("PATCH", path, change, "application/merge-patch+json"),
    remove: async (path) => void (await send("DELETE", path)),
    text: (path) => send("GET", path),
    metadata: async (path) => {
      const authenticated = await authenticate({ method: "GET", headers: { accept: metadataOnly } });
      const { items } = JSON.parse(await exchange(new URL(path, server), authenticated, patience)) as {
        items: readonly KubernetesObject[] | null; // null where there is none
      };
      return (items ?? []).map(({ metadata }) => metadata);
    },
    watch: async function* (path, signal) {
      const authenticated = await authenticate({ method: "GET", headers: {} });
      for await (const line of watchLines(new URL(path, server), { ...authenticated, signal }, refused)) {
        const event = JSON.parse(line) as WatchEvent<never>;
        if (event.type === "ERROR") throw statusError(event.object);
        yield event;
      }
    },
  };
}

/**
 * client-node makes an agent for each request, hence a TLS handshake for each: half of what a call costs both sides. The
 * first one is kept for as long as it would be made of the same certificate and key.
 */
function withOneAgent(apply: (options: RequestOptions) => Promise<void>) {
  let kept: { readonly of: RequestOptions; readonly agent: Agent } | undefined;
  return async (options: RequestOptions): Promise<RequestOptions> => {
    await apply(options);
    const { agent, cert, key } = options;
    // one through a proxy is not an Agent of node:https, and stays as it is
    if (!(agent instanceof Agent)) return options;
    if (kept === undefined || !isDeepStrictEqual([kept.of.cert, kept.of.key], [cert, key])) {
      const lasting = new Agent({ ...agent.options, keepAlive: true, timeout: idleInMilliseconds });
      kept = { of: options, agent: lasting };
    }
    return { ...options, agent: kept.agent };
  };
}

function absent(error: unknown): undefined {
  if (error instanceof KubernetesError && error.status === 404) return undefined;
  throw error;
}

/** @param patience - milliseconds until the whole answer must be there: a server may take a call and never answer. */
function exchange(url: URL, options: RequestOptions, patience: number, body?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(patience);
    const fail = (error: Error): void =>
      reject(unreachable(url, signal.aborted ? new Error(`no answer within ${patience / 1000} s`) : error));
    const headers = { accept: "application/json, */*", ...(options.headers as OutgoingHttpHeaders) };
    const call = request(url, { ...options, headers, signal }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", fail);
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        const { statusCode: status = 0 } = response;
        if (status >= 200 && status < 300) resolve(text);
        else reject(refused(status, text, url, options.method));
      });
    });
    call.on("error", fail);
    call.end(body);
  });
}

function refused(status: number, text: string, url: URL, method = "GET"): KubernetesError {
  return new KubernetesError(status, messageOf(text) ?? `${method} ${url.pathname}: HTTP ${status}`);
}

/** Inside a watch the server tells a failure as an object of kind Status. */
function statusError({ code = 0, message = "the watch failed" }: { code?: number; message?: string }): KubernetesError {
  return new KubernetesError(code, message);
}

function messageOf(text: string): string | undefined {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    return typeof message === "string" ? message : undefined;
  } catch {
    return undefined;
  }
}

function unreachable(url: URL, cause: Error): UserError {
  return UserError.of(
    "cluster-unreachable",
    `the API server ${url.origin} cannot be reached: ${cause.message}`,
    "check the context's server and your network, or start the local environment with: npm start",
    { cause },
  );
}
