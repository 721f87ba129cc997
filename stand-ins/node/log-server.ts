import { createServer, type Server } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { readStoredLog, type LogQuery } from "./container-log.ts";
import { logFile } from "./container-process.ts";
import type { Pods } from "./pods.ts";

export interface Serving {
  readonly cert: string;
  readonly key: string;
  /** CA of the API server's kubelet client certificate. */
  readonly clientCa: string;
}

/**
 * The kubelet's HTTPS server on 127.0.0.1: `/containerLogs/NAMESPACE/POD/CONTAINER` for `kubectl logs`, `/healthz`.
 * Not supported: exec, attach, port-forward and metrics.
 *
 * @param isReady - whether the Node is registered; until then it is not healthy.
 */
export async function serveLogs(
  pods: Pods,
  port: number,
  { cert, key, clientCa }: Serving,
  isReady: () => boolean,
): Promise<Server> {
  const server = createServer(
    { cert, key, ca: clientCa, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      answer(pods, isReady, request, response).catch((error: unknown) => {
        if (!response.headersSent) response.writeHead(500);
        response.end(error instanceof Error ? error.message : undefined);
      });
    },
  );
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return server;
}

async function answer(
  pods: Pods,
  isReady: () => boolean,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // checked here and not in the handshake, so that a person without a certificate gets the reason
  if (!(request.socket as TLSSocket).authorized) {
    return reply(response, 401, "a client certificate of the cluster's kubelet client CA is required");
  }
  const url = new URL(request.url ?? "/", "https://127.0.0.1");
  if (url.pathname === "/healthz") {
    return isReady() ? reply(response, 200, "ok") : reply(response, 503, "the cluster does not have this node yet");
  }
  const [, endpoint, namespace, name, container, ...rest] = url.pathname.split("/").map(decodeURIComponent);
  if (endpoint !== "containerLogs" || container === undefined || rest.length > 0) {
    return reply(response, 404, "this node serves /containerLogs/NAMESPACE/POD/CONTAINER only");
  }
  const found = pods.find(namespace ?? "", name ?? "");
  const known = [...(found?.pod.spec.initContainers ?? []), ...(found?.pod.spec.containers ?? [])];
  if (found === undefined || !known.some((one) => one.name === container)) {
    return reply(response, 404, `container "${container}" of pod "${namespace}/${name}" is not on this node`);
  }
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const dir = join(found.dir, "containers", container);
  const files = await readdir(dir).catch((): string[] => []);
  const attempts = files.filter((file) => /^\d+\.log$/.test(file)).map((file) => Number.parseInt(file, 10));
  const previous = url.searchParams.get("previous") === "true";
  const attempt = attempts.toSorted((a, b) => a - b).at(previous ? -2 : -1);
  if (attempt === undefined) {
    const missing = previous ? "previous run" : "logs yet";
    return reply(response, 400, `container "${container}" in pod "${name}" has no ${missing}`);
  }
  response.writeHead(200, { "content-type": "text/plain; charset=utf-8" });
  response.flushHeaders();
  const query = queryOf(url.searchParams);
  const live = previous ? undefined : found.run?.logOf(container);
  const lines = live === undefined ? readStoredLog(logFile(dir, attempt), query) : live.read(query, gone.signal);
  let room = Number(url.searchParams.get("limitBytes") ?? Infinity);
  for await (const line of lines) {
    const bytes = Buffer.from(line).subarray(0, room);
    room -= bytes.length;
    if (!response.write(bytes)) await once(response, "drain", { signal: gone.signal }).catch(() => undefined);
    if (room <= 0 || gone.signal.aborted) break;
  }
  response.end();
}

function queryOf(parameters: URLSearchParams): LogQuery {
  const tailLines = parameters.get("tailLines");
  const sinceSeconds = parameters.get("sinceSeconds");
  const since =
    sinceSeconds === null
      ? parameters.get("sinceTime")
      : new Date(Date.now() - Number(sinceSeconds) * 1000).toISOString();
  return {
    follow: parameters.get("follow") === "true",
    timestamps: parameters.get("timestamps") === "true",
    ...(tailLines === null ? {} : { tailLines: Number(tailLines) }),
    ...(since === null ? {} : { since }),
  };
}

function reply(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" });
  response.end(`${text}\n`);
}
