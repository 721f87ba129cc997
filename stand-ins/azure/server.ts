import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { UserError } from "../../domain/user-error.ts";
import { AzureError, type AzureAnswer, type AzureRequest } from "./answer.ts";
import type { AzureContext } from "./context.ts";
import { controlPath, type Control, type Fault } from "./control.ts";
import { answerKeyVault, keyVaultKind } from "./key-vault.ts";
import { answerResourceManager, armKind } from "./resource-manager.ts";
import { answerEntra } from "./token-endpoint.ts";

const maxBodyInBytes = 1_000_000;

/** @throws UserError `azure-port-taken`. */
export async function listen(
  port: number,
  certificate: { readonly cert: string; readonly key: string },
): Promise<Server> {
  const server = createServer(certificate);
  // a client that keeps its connection longer than the server would get a reset
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

export function serve(server: Server, context: AzureContext, control: Control): void {
  server.on("request", (message: IncomingMessage, response: ServerResponse) => {
    handle(message, response, context, control).catch((error: unknown) => {
      if (error instanceof AzureError) send(response, error.answer);
      else response.destroy();
    });
  });
}

async function handle(
  message: IncomingMessage,
  response: ServerResponse,
  context: AzureContext,
  control: Control,
): Promise<void> {
  const request = await readRequest(message);
  if (request.path.startsWith(controlPath)) return send(response, await control.answer(request));
  const kind = kindOf(request);
  control.count("requests", kind);
  const fault = control.takeFault(kind);
  if (fault !== undefined && "hang" in fault) return;
  if (fault !== undefined && "text" in fault) {
    const { text, cut = false } = fault;
    response.writeHead(200, { "Content-Type": "application/json", "Content-Length": text.length + (cut ? 1 : 0) });
    response.write(text, () => (cut ? response.destroy() : response.end()));
    return;
  }
  const answer =
    fault === undefined ? await answerOf(context, request) : "status" in fault ? faultAnswer(fault) : undefined;
  control.count("answers", answer?.status ?? 0);
  if (answer === undefined) response.destroy();
  else send(response, answer);
}

/** @returns `undefined` to cut the connection. */
async function answerOf(context: AzureContext, request: AzureRequest): Promise<AzureAnswer | undefined> {
  const { path } = request;
  try {
    if (isResourceManager.test(path)) return await answerResourceManager(context, request);
    if (isKeyVault.test(path)) return await answerKeyVault(context, request);
    return await answerEntra(context, request);
  } catch (error) {
    if (error instanceof AzureError) return error.answer;
    const message = error instanceof Error ? `${error.name}: ${error.message}` : "unknown";
    return { status: 500, body: { error: { code: "StandInDefect", message } } };
  }
}

const isResourceManager = /^\/subscriptions\//i;
const isKeyVault = /^\/(?:deleted)?secrets(?:\/|$)/i;

function kindOf(request: AzureRequest): string {
  if (isResourceManager.test(request.path)) return armKind(request);
  if (isKeyVault.test(request.path)) return keyVaultKind(request);
  return request.path.endsWith("/token") ? "token" : "discovery";
}

function faultAnswer({ status, retryAfterInSeconds: after }: Extract<Fault, { status: number }>): AzureAnswer {
  const code = status === 429 ? "Throttled" : "StandInFault";
  return {
    status,
    headers: after === undefined ? {} : { "Retry-After": String(after) },
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
