import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { HttpClient, NetworkError, parseAnswer } from "../../clients/http.ts";

describe("parseAnswer", () => {
  it("fails without quoting the text, which may contain a value", () => {
    const error = (() => {
      try {
        return parseAnswer("GET secret/data/a", '{"data":{"value":"very-secret');
      } catch (thrown) {
        return thrown;
      }
    })();
    assert.ok(error instanceof NetworkError);
    assert.equal(error.message, "GET secret/data/a: the answer is not JSON");
    assert.equal(error.cause, undefined);
  });
});

describe("HttpClient", () => {
  const answers = { "/slow": undefined, "/cut": "cut", "/echo": "echo", "/endless": "endless" } as const;
  const server = createServer((request, response) => {
    const kind = answers[request.url as keyof typeof answers];
    if (kind === "cut") response.destroy();
    if (kind === "echo") request.pipe(response.writeHead(418, { "x-answer": "yes" }));
    if (kind === "endless") response.write("first line\n");
  });
  let client: HttpClient;
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    client = new HttpClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, { timeoutInMs: 100 });
  });
  after(() => {
    client.close();
    server.closeAllConnections();
    server.close();
  });

  it("returns a complete answer for any status", async () => {
    const body = "ä".repeat(50_000);
    const answer = await client.request("POST", "/echo", { body });
    assert.equal(answer.status, 418);
    assert.equal(answer.headers["x-answer"], "yes");
    assert.equal(answer.body, body);
  });

  it("fails as NetworkError if nothing listens, the connection is interrupted or the server does not answer", async () => {
    const nobody = new HttpClient("http://127.0.0.1:1");
    const cases = [
      [nobody.request("GET", "/"), "ECONNREFUSED"],
      [client.request("GET", "/cut"), "ECONNRESET"],
      [client.request("GET", "/slow"), "ETIMEDOUT"],
    ] as const;
    for (const [request, code] of cases) {
      await assert.rejects(request, (error) => error instanceof NetworkError && error.code === code);
    }
  });

  it("does not block other calls behind an endless answer, although it may open only one connection", async () => {
    const single = new HttpClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, {
      connections: 1,
      timeoutInMs: 1_000,
    });
    const stop = new AbortController();
    const lines = single.lines("/endless", { signal: stop.signal }, () => new Error("refused"));
    assert.equal((await lines.next()).value, "first line");
    assert.equal((await single.request("POST", "/echo", { body: "x" })).status, 418);
    stop.abort(new Error("stopped"));
    await assert.rejects(lines.next(), /^Error: stopped$/);
    single.close();
  });

  it("fails with the signal's own reason when it is stopped", async () => {
    const stop = new AbortController();
    const request = client.request("GET", "/slow", { signal: stop.signal });
    stop.abort(new Error("stopped"));
    await assert.rejects(request, /^Error: stopped$/);
  });
});
