import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { withConfig } from "./bootstrap-config.ts";
import type { World } from "./world.ts";

/** The response to send instead of Vault's; `undefined` lets the write pass. */
export type Intercept = () => Promise<{ readonly status: number; readonly errors: readonly string[] } | undefined>;

/**
 * Makes vault-bootstrap reach Vault through a proxy that intercepts each write of one path. Without it, a conflict would
 * need two writers in the same millisecond.
 *
 * @param path - in the mount.
 * @returns a function that closes the proxy; vault-bootstrap then reaches Vault directly again.
 */
export async function openVaultProxy(world: World, path: string, intercept: Intercept): Promise<() => Promise<void>> {
  const { vault } = world.connected.stack;
  const server = createServer((request, response) => {
    void (async () => {
      const body = await text(request);
      const isTheWrite = request.method === "POST" && request.url === `/v1/${vault.mount}/data/${path}`;
      const refusal = isTheWrite ? await intercept() : undefined;
      if (refusal !== undefined) {
        response.writeHead(refusal.status).end(JSON.stringify({ errors: refusal.errors }));
        return;
      }
      const { status, said } = await passOn(vault.operatorAddress, request, body);
      response.writeHead(status, { "content-type": "application/json" }).end(said);
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;

  const { config } = world.connected.stack.bootstrap;
  const proxied = { ...config, vault: { ...config.vault, address: `http://127.0.0.1:${port}` } };
  const restore = await withConfig(world, proxied);
  return async () => {
    await restore();
    server.close();
    server.closeAllConnections();
  };
}

async function passOn(address: string, { method = "GET", url = "", headers }: IncomingMessage, body: string) {
  const token = headers["x-vault-token"]?.toString();
  const answer = await fetch(new URL(url, address), {
    method,
    headers: token === undefined ? {} : { "x-vault-token": token },
    ...(body === "" ? {} : { body }),
  });
  return { status: answer.status, said: await answer.text() };
}
