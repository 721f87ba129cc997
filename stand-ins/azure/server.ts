import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { UserError } from "../../domain/user-error.ts";
import type { TokenAuthority } from "./access-token.ts";
import { AzureError } from "./azure-error.ts";
import type { ServerCertificate } from "./certificate.ts";
import { Control, controlPath, type Fault } from "./control.ts";
import type { AzureAnswer, AzureRequest } from "./http.ts";
import type { KeyVault } from "./key-vault.ts";
import { ResourceManager } from "./resource-manager.ts";
import { secretOperation } from "./secret-operation.ts";
import type { TokenEndpoint } from "./token-endpoint.ts";

/** The services behind the one port; the first part of the path says which is meant. */
export interface Services {
  readonly control: Control;
  readonly authority: TokenAuthority;
  readonly tokens: TokenEndpoint;
  readonly resourceManager: ResourceManager;
  readonly keyVault: KeyVault;
}

/** Larger than any secret or document; a body beyond it is a mistake. */
const maxBodyInBytes = 1_000_000;

/** @throws UserError `azure-port-taken`. */
export async function listen(port: number, { cert, key }: ServerCertificate): Promise<Server> {
  const server = createServer({ cert, key });
  // a client that keeps its connection longer than the server does meets a reset
  server.keepAliveTimeout = 65_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EADDRINUSE") throw error;
    const fix = "stop what listens there, or give the local environment other ports";
    throw UserError.of("azure-port-taken", `port ${port} of the Azure stand-in is taken`, fix, { cause: error });
  });
  return server;
}

export function serve(server: Server, services: Services): void {
  server.on("request", (message: IncomingMessage, response: ServerResponse) => {
    handle(message, response, services).catch((error: unknown) => {
      if (error instanceof AzureError) send(response, error);
      else response.destroy();
    });
  });
}

async function handle(message: IncomingMessage, response: ServerResponse, services: Services): Promise<void> {
  const request = await readRequest(message);
  const isControl = request.path.startsWith(controlPath);
  const { control } = services;
  const kind = kindOf(request);
  if (!isControl) control.countRequest(kind);
  const fault = isControl ? undefined : control.takeFault(kind);
  if (fault !== undefined && "hang" in fault) return;
  if (fault !== undefined && "text" in fault) {
    const { text, cut = false } = fault;
    response.writeHead(200, { "Content-Type": "application/json", "Content-Length": text.length + (cut ? 1 : 0) });
    response.write(text, () => (cut ? response.destroy() : response.end()));
    return;
  }
  const answer = fault === undefined ? await answerOf(request, services) : faultAnswer(fault);
  if (!isControl) control.countAnswer(answer?.status ?? 0);
  if (answer === undefined) response.destroy();
  else send(response, answer);
}

/** @returns `undefined` where the connection is to be cut. */
async function answerOf(request: AzureRequest, services: Services): Promise<AzureAnswer | undefined> {
  try {
    return await route(request, services);
  } catch (error) {
    if (error instanceof AzureError) return error;
    const message = error instanceof Error ? `${error.name}: ${error.message}` : "unknown";
    return { status: 500, body: { error: { code: "StandInDefect", message } } };
  }
}

async function route(request: AzureRequest, services: Services): Promise<AzureAnswer | undefined> {
  const { path } = request;
  if (path.startsWith(controlPath)) return services.control.answer(request, services.authority);
  if (/^\/subscriptions\//i.test(path)) return services.resourceManager.answer(request);
  if (isDataPlane(path)) return services.keyVault.answer(request);
  const answer = await services.tokens.answer(request);
  if (answer === undefined) throw AzureError.arm(404, "NotFound", `Nothing answers ${request.method} ${path}.`);
  return answer;
}

function isDataPlane(path: string): boolean {
  return /^\/(?:deleted)?secrets(?:\/|$)/i.test(path);
}

function kindOf(request: AzureRequest): string {
  const { path, authorization } = request;
  if (/^\/subscriptions\//i.test(path)) return ResourceManager.kindOf(request);
  if (isDataPlane(path))
    return authorization === undefined ? "challenge" : (secretOperation(request)?.kind ?? "unknown");
  return path.endsWith("/token") ? "token" : "discovery";
}

function faultAnswer(
  fault: Exclude<Fault, { readonly hang: true } | { readonly text: string }>,
): AzureAnswer | undefined {
  if ("drop" in fault) return undefined;
  const { status, retryAfterInSeconds } = fault;
  const code = status === 429 ? "Throttled" : "StandInFault";
  return {
    status,
    headers: retryAfterInSeconds === undefined ? {} : { "Retry-After": String(retryAfterInSeconds) },
    body: { error: { code, message: "a fault that was asked for" } },
  };
}

async function readRequest(message: IncomingMessage): Promise<AzureRequest> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBodyInBytes)
      throw AzureError.arm(413, "RequestEntityTooLarge", "The request content is too large.");
    chunks.push(chunk);
  }
  const url = new URL(message.url ?? "/", "https://127.0.0.1");
  return {
    method: message.method ?? "GET",
    path: decoded(url.pathname).replace(/\/+$/, "") || "/",
    query: url.searchParams,
    authorization: message.headers.authorization,
    body: Buffer.concat(chunks).toString("utf8"),
  };
}

/** @throws AzureError 400. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw AzureError.arm(400, "BadRequest", "The request URI is invalid.");
  }
}

function send(response: ServerResponse, { status, headers, body }: AzureAnswer): void {
  const text = body === undefined ? "" : JSON.stringify(body);
  response.writeHead(status, {
    ...(body !== undefined && { "Content-Type": "application/json; charset=utf-8" }),
    "Content-Length": Buffer.byteLength(text),
    "Cache-Control": "no-store",
    ...headers,
  });
  response.end(text);
}
