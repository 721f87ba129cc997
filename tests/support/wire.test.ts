import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import http from "node:http";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { canarySearch } from "./canary.ts";
import { canariesOnTheWire, recordedIn, sentMessages } from "./wire.ts";

const canary = 'canary-"quoted"-ümlaut-0123456789';
const search = canarySearch({ planted: canary });

/** Ways in which a program sends a text to the server at `port`, each as the body of an ES module. */
const plantings: Readonly<Record<string, string>> = {
  "the body of fetch": `await fetch(url, { method: "POST", body: JSON.stringify({ value: canary }) });`,
  "a header of fetch": `await fetch(url, { headers: { "x-note": encodeURIComponent(canary) } });`,
  "the query of fetch": `await fetch(url + "?q=" + encodeURIComponent(canary));`,
  "a request's body in two parts": `
    const sent = http.request(url, { method: "PUT" });
    sent.write(canary.slice(0, 5));
    sent.end(canary.slice(5));
    const [answer] = await once(sent, "response");
    answer.resume();
    await once(answer, "end");`,
  "a request's header": `
    const sent = http.request(url, { headers: { authorization: Buffer.from(canary).toString("base64") } }).end();
    (await once(sent, "response"))[0].resume();`,
};

describe("recordedIn", () => {
  const dir = mkdtempSync(join(tmpdir(), "wire-"));
  const server = http.createServer((request, response) => request.resume().on("end", () => response.end("{}")));
  const grpc = http2.createServer();
  const portOf = (one: { address(): AddressInfo | string | null }) => (one.address() as AddressInfo).port;

  before(async () => {
    grpc.on("stream", (stream) => stream.resume().on("end", () => stream.respond({}, { endStream: true })));
    for (const one of [server, grpc]) await new Promise<void>((listens) => one.listen(0, "127.0.0.1", listens));
  });
  after(() => {
    server.closeAllConnections();
    server.close();
    grpc.close();
    rmSync(dir, { recursive: true });
  });

  /** Runs a module with the recorder. @returns what was found in what it sent. */
  const found = async (name: string, code: string): Promise<readonly string[]> => {
    const file = join(dir, `${name.replaceAll(" ", "-")}.jsonl`);
    const imports = `import http from "node:http"; import http2 from "node:http2"; import { once } from "node:events";`;
    const consts = `const canary = ${JSON.stringify(canary)}; const url = "http://127.0.0.1:${portOf(server)}/";`;
    const args = ["--input-type=module", "-e", `${imports}${consts}${code}`];
    await promisify(execFile)(process.execPath, args, { env: { ...process.env, ...recordedIn(file) } });
    return canariesOnTheWire(sentMessages(file), search, () => false);
  };

  for (const [where, code] of Object.entries(plantings)) {
    it(`finds a planted value in ${where}`, async () => {
      assert.notDeepEqual(await found(where, code), []);
    });
  }

  it("finds a planted value in a call by gRPC, at the client and at the server", async () => {
    const call = (port: string): string => `
      const session = http2.connect("http://127.0.0.1:" + ${port});
      const stream = session.request({ ":method": "POST", ":path": "/service/Method" });
      stream.end(canary);
      stream.resume();
      await once(stream, "end");
      session.close();`;
    assert.equal((await found("client", call(String(portOf(grpc))))).length, 1);
    const both = `
      const server = http2.createServer();
      server.on("stream", (stream) => stream.resume().on("end", () => stream.respond({}, { endStream: true })));
      await new Promise((listens) => server.listen(0, "127.0.0.1", listens));
      ${call("server.address().port")}
      server.close();`;
    assert.equal((await found("both", both)).length, 2);
  });

  it("leaves out what may contain a value", async () => {
    const file = join(dir, "the-body-of-fetch.jsonl");
    assert.deepEqual(
      canariesOnTheWire(sentMessages(file), search, ({ to }) => to.startsWith("POST ")),
      [],
    );
  });
});
