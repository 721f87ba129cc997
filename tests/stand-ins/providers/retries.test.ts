import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { VaultClient, VaultError } from "../../../clients/vault.ts";
import { providerRetries } from "../../../stand-ins/providers/retries.ts";

describe("providerRetries", () => {
  let server: Server;
  let address = "";
  let requests: number[] = [];
  let answers: ((response: ServerResponse) => void)[] = [];

  beforeEach(async () => {
    requests = [];
    server = createServer((request: IncomingMessage, response: ServerResponse) => {
      requests.push(performance.now());
      request.resume().on("end", () => (answers.shift() ?? answer(200, { done: true }))(response));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const answer =
    (status: number, body: unknown, headers: Record<string, string> = {}) =>
    (response: ServerResponse) =>
      void response.writeHead(status, headers).end(JSON.stringify(body));
  const cut = (response: ServerResponse) => void response.socket?.destroy();
  const send = (method: string, passes = "", signal = new AbortController().signal) =>
    new VaultClient({
      address,
      retry: providerRetries(signal, (error) => passes !== "" && error.message.includes(passes)),
    }).call(method, "path");

  it("retries after 429, waiting as long as requested", async () => {
    answers = [answer(429, {}, { "retry-after": "1" })];
    assert.deepEqual(await send("POST"), { done: true });
    const [first = 0, second = 0] = requests;
    assert.ok(second - first >= 990, `after ${second - first} ms`);
  });

  it("fails with the last answer after six attempts", async () => {
    answers = Array.from({ length: 7 }, () => answer(429, {}, { "retry-after": "0" }));
    await assert.rejects(send("GET"), (error) => error instanceof VaultError && error.status === 429);
    assert.equal(requests.length, 6);
  });

  it("retries only if the caller says so", async () => {
    answers = [answer(409, { errors: ["concurrent"] }), answer(409, { errors: ["other"] })];
    await assert.rejects(send("PUT", "concurrent"), /other/);
    assert.equal(requests.length, 2);
  });

  it("retries after an interrupted connection what may be sent twice", async () => {
    answers = [cut];
    assert.deepEqual(await send("PUT"), { done: true });
  });

  it("fails after an interrupted connection for a POST, which may have worked already", async () => {
    answers = [cut];
    await assert.rejects(send("POST"), /socket hang up/);
    assert.equal(requests.length, 1);
  });

  it("retries, also a POST, if nothing listened yet", async () => {
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, "close");
    const sent = send("POST");
    server.listen(port, "127.0.0.1");
    await sent;
    assert.equal(requests.length, 1);
  });

  it("fails at once when it is cancelled, also in a pause", async () => {
    const cancel = new AbortController();
    answers = [answer(429, {}, { "retry-after": "60" })];
    const sent = send("GET", "", cancel.signal);
    await once(server, "request");
    cancel.abort(new Error("the operation was cancelled"));
    await assert.rejects(sent, /the operation was cancelled/);
  });
});
