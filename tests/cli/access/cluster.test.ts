import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KubernetesError, openCluster, type Cluster } from "../../../cli/access/cluster.ts";
import { issueServerCertificate } from "../../../local/azure/certificate.ts";

/** An API server that answers as each test says, and counts the connections that it gets. */
describe("openCluster", () => {
  let dir: string;
  let server: Server;
  let cluster: Cluster;
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  let connections = 0;

  before(async () => {
    dir = mkdtempSync(join(tmpdir(), "cluster-"));
    const { cert, key } = await issueServerCertificate(dir);
    server = createServer({ cert, key }, (request, response) => answer(request, response));
    server.on("secureConnection", () => (connections += 1));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const ca = readFileSync(join(dir, "ca.crt")).toString("base64");
    const kubeconfig = join(dir, "kubeconfig");
    writeFileSync(
      kubeconfig,
      JSON.stringify({
        clusters: [{ name: "c", cluster: { server: originOf(server), "certificate-authority-data": ca } }],
        users: [{ name: "u", user: { token: "t" } }],
        contexts: [{ name: "pinned", context: { cluster: "c", user: "u" } }],
        "current-context": "another",
      }),
    );
    cluster = await openCluster({ kubeconfig, context: "pinned" });
  });
  after(() => {
    server.close();
    server.closeAllConnections();
    rmSync(dir, { recursive: true });
  });

  it("makes many calls over one connection: a TLS handshake for each costs more than the call", async () => {
    answer = (_request, response) => response.end("{}");
    connections = 0;
    for (let call = 0; call < 20; call += 1) await cluster.get("/api");
    assert.equal(connections, 1);
  });
  it("asks for metadata alone where that is wanted, so that no value of a Secret crosses the wire", async () => {
    let accepted: string | undefined;
    answer = ({ headers }, response) => {
      accepted = headers.accept;
      response.end(JSON.stringify({ items: [{ metadata: { name: "a", resourceVersion: "7" } }] }));
    };
    assert.deepEqual(await cluster.metadata("/api/v1/namespaces/n/secrets"), [{ name: "a", resourceVersion: "7" }]);
    assert.equal(accepted, "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1");
  });
  it("tells what a watch tells as it comes, a line that comes in parts included, and ends with it", async () => {
    const lines = ["a", "b"].map((name) => `${JSON.stringify({ type: "MODIFIED", object: { metadata: { name } } })}\n`);
    answer = (_request, response) => {
      const text = lines.join("");
      response.write(text.slice(0, 20));
      setImmediate(() => response.end(text.slice(20)));
    };
    assert.deepEqual(await namesOf(cluster), ["a", "b"]);
  });
  it("fails with the status of a watch that is refused, and of one that the server breaks off", async () => {
    answer = (_request, response) => response.writeHead(403).end(JSON.stringify({ message: "cannot watch" }));
    await assert.rejects(namesOf(cluster), new KubernetesError(403, "cannot watch"));
    const gone = { type: "ERROR", object: { kind: "Status", code: 410, message: "too old resource version" } };
    answer = (_request, response) => response.end(`${JSON.stringify(gone)}\n`);
    await assert.rejects(namesOf(cluster), new KubernetesError(410, "too old resource version"));
  });
  it("ends a watch when it is aborted", async () => {
    const stop = new AbortController();
    answer = (_request, response) => {
      response.write(`${JSON.stringify({ type: "BOOKMARK", object: { metadata: { name: "a" } } })}\n`);
      setImmediate(() => stop.abort());
    };
    await assert.rejects(namesOf(cluster, stop.signal), { name: "AbortError" });
  });
});

function originOf(server: Server): string {
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function namesOf(cluster: Cluster, signal = new AbortController().signal): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const { object } of cluster.watch("/api/v1/x?watch=true", signal)) names.push(object.metadata.name);
  return names;
}
