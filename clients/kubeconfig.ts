import { Agent, type RequestOptions } from "node:https";
import { isDeepStrictEqual } from "node:util";
import { UserError } from "../domain/user-error.ts";
import type { NetworkError } from "./http.ts";
import { KubernetesClient, type Cluster } from "./kubernetes.ts";

/** Shorter than the API server's own 90 s: a connection that it closes is never one that we are writing to. */
const idleInMs = 30_000;

interface ClusterTarget {
  /** Path. @default - KUBECONFIG's files, or `~/.kube/config` */
  readonly kubeconfig?: string;
  /** Pinned: never the context that happens to be current. */
  readonly context: string;
  /** Until one whole answer is there; a watch has no limit. @default 30,000 */
  readonly timeoutInMs?: number;
  /** Breaks calls off. @default - a call that was begun is ended */
  readonly signal?: AbortSignal;
}

/**
 * Opens a context of a kubeconfig, by its own way to log in (certificates, tokens, exec plugins such as kubelogin).
 *
 * @throws UserError `kubeconfig-unreadable`, `context-unknown`. The calls throw `cluster-unreachable`.
 */
export async function openCluster(place: ClusterTarget): Promise<KubernetesClient> {
  const { kubeconfig, context, timeoutInMs = 30_000, signal } = place;
  const { KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  try {
    if (kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromFile(kubeconfig);
  } catch (error) {
    throw UserError.of(
      "kubeconfig-unreadable",
      `the kubeconfig ${kubeconfig ?? "(KUBECONFIG, ~/.kube/config)"} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      "get one with: az aks get-credentials --resource-group <group> --name <cluster>",
      { cause: error },
    );
  }
  if (config.getContextObject(context) === null) {
    const known = config.contexts.map(({ name }) => name).join(", ");
    throw UserError.of(
      "context-unknown",
      `the kubeconfig has no context ${context} (it has: ${known || "none"})`,
      "set cluster.context of the stack file to one of these",
    );
  }
  config.setCurrentContext(context);
  const address = config.getCurrentCluster()?.server ?? "";
  return new KubernetesClient({
    address,
    context,
    timeoutInMs,
    ...(signal && { signal }),
    authenticate: withOneAgent((options) => config.applyToHTTPSOptions(options)),
    unreachable: (cause) => unreachable(address, cause),
  });
}

/**
 * As {@link openCluster}; without such a context each call throws that, so that a command that only reads continues.
 */
export async function openOrClosed(place: ClusterTarget): Promise<Cluster> {
  return openCluster(place).catch((error: unknown) => {
    if (!(error instanceof UserError)) throw error;
    const { context } = place;
    return new KubernetesClient({
      address: "https://closed.invalid",
      context,
      authenticate: () => Promise.reject(error),
    });
  });
}

/** client-node creates an agent, and so a TLS handshake, for each request: half the cost of a call on both sides. */
function withOneAgent(apply: (options: RequestOptions) => Promise<void>): () => Promise<RequestOptions> {
  let kept: { readonly of: RequestOptions; readonly agent: Agent } | undefined;
  return async () => {
    const options: RequestOptions = { headers: {} };
    await apply(options);
    const { agent, cert, key } = options;
    // one through a proxy is not an Agent of node:https, and is used unchanged
    if (!(agent instanceof Agent)) return options;
    if (kept === undefined || !isDeepStrictEqual([kept.of.cert, kept.of.key], [cert, key])) {
      kept = { of: options, agent: new Agent({ ...agent.options, keepAlive: true, timeout: idleInMs }) };
    }
    return { ...options, agent: kept.agent };
  };
}

function unreachable(address: string, cause: NetworkError): UserError {
  const reason = cause.cause instanceof Error ? cause.cause.message : cause.message;
  return UserError.of(
    "cluster-unreachable",
    `the API server ${address} cannot be reached: ${reason}`,
    "check the context's server and your network, or start the local environment with: npm start",
    { cause },
  );
}
