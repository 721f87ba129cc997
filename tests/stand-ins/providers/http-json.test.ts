import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { HttpJson } from "../../../stand-ins/providers/http-json.ts";

describe("HttpJson", () => {
  let server: Server;
  let url = "";
  let requests: { method: string; path: string; body: string; type: string | undefined; at: number }[] = [];
  let answers: ((response: ServerResponse) => void)[] = [];

  beforeEach(async () => {
    requests = [];
    server = createServer((request: IncomingMessage, response: ServerResponse) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        requests.push({
          method: request.method ?? "",
          path: request.url ?? "",
          body,
          type: request.headers["content-type"],
          at: Date.now(),
        });
        (answers.shift() ?? answer(200, {}))(response);
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
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
  const open = (signal = new AbortController().signal) => new HttpJson({ url }, signal);

  it("sends JSON and reads JSON", async () => {
    answers = [answer(201, { a: 1 })];
    const { status, body } = await open().send("PUT", "/path?q=1", {
      body: { b: 2 },
      contentType: "application/x+json",
    });
    assert.deepEqual([status, body], [201, { a: 1 }]);
    const [{ at: _, ...request } = { at: 0 }] = requests;
    assert.deepEqual(request, { method: "PUT", path: "/path?q=1", body: '{"b":2}', type: "application/x+json" });
  });

  it("gives an answer without JSON no body", async () => {
    answers = [(response) => void response.writeHead(204).end()];
    assert.deepEqual((await open().send("DELETE", "/")).body, undefined);
  });

  it("asks again after 429, waiting as long as it is told", async () => {
    answers = [answer(429, {}, { "retry-after": "0.2" }), answer(200, { done: true })];
    assert.deepEqual((await open().send("POST", "/")).body, { done: true });
    const [first, second] = requests;
    assert.equal((second?.at ?? 0) - (first?.at ?? 0) >= 190, true);
  });

  it("gives the last answer once it has asked six times", async () => {
    answers = Array.from({ length: 7 }, () => answer(429, {}, { "retry-after": "0.001" }));
    assert.equal((await open().send("GET", "/")).status, 429);
    assert.equal(requests.length, 6);
  });

  it("asks again where the caller says so, and only then", async () => {
    answers = [answer(409, { code: "Concurrent" }), answer(409, { code: "Other" })];
    const retryIf = (one: { body: unknown }) => (one.body as { code: string }).code === "Concurrent";
    assert.deepEqual((await open().send("PUT", "/", { retryIf })).body, { code: "Other" });
  });

  it("sends again over a cut connection what may be sent twice", async () => {
    answers = [cut, answer(200, { done: true })];
    assert.deepEqual((await open().send("PUT", "/")).body, { done: true });
  });

  it("fails over a cut connection for a POST, which may have worked already", async () => {
    answers = [cut];
    await assert.rejects(open().send("POST", "/"), /cannot be reached: socket hang up/);
    assert.equal(requests.length, 1);
  });

  it("sends again, a POST too, what nothing listened to yet", async () => {
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, "close");
    const sent = open().send("POST", "/");
    server.listen(port, "127.0.0.1");
    assert.equal((await sent).status, 200);
    assert.equal(requests.length, 1);
  });

  it("fails where nothing listens, naming the address", async () => {
    const http = open();
    server.close();
    server.closeAllConnections();
    await once(server, "close");
    await assert.rejects(http.send("GET", "/"), (error: Error) => error.message.startsWith(`${url} cannot be reached`));
  });

  it("fails at once when it is cancelled, in a pause as well", async () => {
    const cancel = new AbortController();
    answers = [answer(429, {}, { "retry-after": "60" })];
    const sent = open(cancel.signal).send("GET", "/");
    await once(server, "request");
    cancel.abort();
    await assert.rejects(sent, /the operation was cancelled/);
  });
});
