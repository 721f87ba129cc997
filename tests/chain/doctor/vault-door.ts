import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { withConfig } from "./bootstrap-config.ts";
import type { World } from "./world.ts";

/** What is answered in Vault's place; `undefined` lets the write pass. */
export type Doorkeeper = () => Promise<{ readonly status: number; readonly errors: readonly string[] } | undefined>;

/**
 * Has vault-bootstrap reach Vault through a door, at which something happens right before each write of one path: what
 * else needs two writers in the same millisecond.
 *
 * @param path - in the mount.
 * @returns closes the door: from then on vault-bootstrap reaches Vault as before.
 */
export async function openVaultDoor(world: World, path: string, keeper: Doorkeeper): Promise<() => Promise<void>> {
  const { vault } = world.place.stack;
  const server = createServer((request, response) => {
    void (async () => {
      const body = await text(request);
      const isTheWrite = request.method === "POST" && request.url === `/v1/${vault.mount}/data/${path}`;
      const refusal = isTheWrite ? await keeper() : undefined;
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

  const { config } = world.place.stack.bootstrap;
  const door = { ...config, vault: { ...config.vault, address: `http://127.0.0.1:${port}` } };
  const restore = await withConfig(world, door);
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
