import assert from "node:assert/strict";
import { createServer as createHttpServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { openCluster } from "../../../clients/kubeconfig.ts";
import { openWayToVault, type WayToVault } from "../../../cli/access/vault-way.ts";
import { ServerError } from "../../../clients/http.ts";
import { observe } from "../../../diagnose/observe/observe.ts";
import { explain } from "../../../diagnose/explain.ts";
import { defaultOperatorAddress } from "../../../environments/vault-settings.ts";
import { freePortBase } from "../../support/servers.ts";
import { environmentStack } from "../../support/stacks.ts";
import { FakeApiServer } from "./api-server.ts";

const words =
  'pods "vault-core-dev-0" is forbidden: User "viewer" cannot get resource "pods/portforward" in API group ""';

/** The port-forward of a cloud stack, against an API server that does with it what each test says. */
describe("openWayToVault", () => {
  let api: FakeApiServer;
  let port: number;

  before(async () => {
    api = await FakeApiServer.start();
    port = await freePortBase();
  });
  after(() => api.stop());

  const stackAt = (operatorAddress: string) => {
    const stack = environmentStack("dev");
    return {
      ...stack,
      cluster: { ...stack.cluster, context: api.context, kubeconfig: api.kubeconfig },
      vault: { ...stack.vault, operatorAddress },
    };
  };
  const open = async (operatorAddress = `http://127.0.0.1:${port}`): Promise<WayToVault> =>
    openWayToVault(stackAt(operatorAddress), await openCluster({ kubeconfig: api.kubeconfig, context: api.context }));

  const causesOf = async ({ closed }: WayToVault) => {
    assert.ok(closed instanceof Error);
    const stack = stackAt(`http://127.0.0.1:${port}`);
    const vault = { address: "", hasToken: false, get: () => Promise.reject(closed) };
    const { causes } = explain(await observe(stack, { kubernetes: "not asked", vault, azure: "not asked" }), stack);
    return causes.filter(({ stage }) => stage === "vault");
  };
  /** Vault itself did not answer anything, so it did not fail: it is out of reach, and every secret with it. */
  const assertOutOfReach = async (way: WayToVault, seen: RegExp) => {
    const [reported, ...others] = await causesOf(way);
    assert.deepEqual([reported?.code, others], ["vault-unreachable", []]);
    assert.match(reported?.evidence[0]?.seen ?? "", seen);
    assert.equal(reported?.secrets.length, environmentStack("dev").plan.secrets.length);
  };

  it("fails for the right that the API server names, and doctor reports it with its fix", async () => {
    api.answer = (_request, response) => response.writeHead(403).end(JSON.stringify({ message: words }));
    const way = await open();
    await way.close();
    assert.ok(way.closed instanceof ServerError);
    assert.deepEqual(
      [way.closed.status, way.closed.message],
      [403, `no port-forward to ameide-dev/vault-core-dev-0: ${words}`],
    );
    const [reported, ...others] = await causesOf(way);
    assert.equal(reported?.code, "vault-port-forward-forbidden");
    assert.match(reported.evidence[0]?.seen ?? "", /viewer.*pods\/portforward/);
    assert.match(reported.fix, /-n ameide-dev create role .*--verb=get,create --resource=pods\/portforward/);
    assert.deepEqual(others, []);
  });
  it("fails if the pod does not exist", async () => {
    api.answer = (_request, response) =>
      response.writeHead(404).end(JSON.stringify({ message: 'pods "vault-core-dev-0" not found' }));
    const way = await open();
    await way.close();
    await assertOutOfReach(way, /^no port-forward to ameide-dev\/vault-core-dev-0: pods .* not found/);
  });
  it("fails if nothing answers in the pod", async () => {
    api.answer = (_request, response) =>
      response.writeHead(400).end(JSON.stringify({ message: "Upgrade request required" }));
    const way = await open();
    await way.close();
    await assertOutOfReach(way, /the pod exists, but nothing answers at its port 8200/);
  });
  it("fails if the API server does not reach the pod's node", async () => {
    api.answer = (_request, response) =>
      response.writeHead(500).end(JSON.stringify({ message: "error dialing backend: dial tcp 10.0.0.4:10250" }));
    const way = await open();
    await way.close();
    await assertOutOfReach(way, /vault-core-dev-0: error dialing backend/);
  });
  it("fails if another process uses the port, with what to do", async () => {
    const holder = await listening(500); // no Vault
    const way = await open(addressOf(holder)).finally(() => holder.close());
    await way.close();
    assert.match(String(way.closed), /^127\.0\.0\.1:\d+ is in use, so no port-forward.*; free the port/);
  });
  it("opens its own port-forward if no setting names an address: the usual port may be another Vault", async () => {
    // where the port is taken on this machine there is another already
    const another = await listening(200, Number(new URL(defaultOperatorAddress("dev", "http://vault")).port)).catch(
      (error: unknown) => {
        assert.equal((error as NodeJS.ErrnoException).code, "EADDRINUSE");
        return undefined;
      },
    );
    api.answer = (_request, response) => response.writeHead(403).end(JSON.stringify({ message: words }));
    const way = await open(defaultOperatorAddress("dev", "http://vault")).finally(() => another?.close());
    await way.close();
    assert.ok(way.closed instanceof ServerError);
    assert.notEqual(way.address, defaultOperatorAddress("dev", "http://vault"));
  });
  it("uses Vault's address directly if it answers, and opens no port-forward", async () => {
    const vault = await listening(200);
    const way = await open(addressOf(vault)).finally(() => vault.close());
    await way.close();
    assert.equal(way.closed, undefined);
  });
});

function listening(status: number, port = 0): Promise<HttpServer> {
  const server = createHttpServer((_request, response) =>
    response.writeHead(status, { connection: "close" }).end('{"initialized":true,"sealed":false}'),
  );
  return new Promise((resolve, reject) => {
    server.once("error", reject).listen(port, "127.0.0.1", () => resolve(server));
  });
}

function addressOf(server: HttpServer): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
