import assert from "node:assert/strict";
import type { Cluster } from "../../clients/kubernetes.ts";
import { openCluster } from "../../clients/kubeconfig.ts";
import { FakeApiServer } from "../cli/access/api-server.ts";

describe("openCluster", () => {
  let api: FakeApiServer;
  let cluster: Cluster;

  before(async () => {
    api = await FakeApiServer.start();
    cluster = await openCluster({ kubeconfig: api.kubeconfig, context: api.context });
  });
  after(() => api.stop());

  it("makes many calls over one connection: a TLS handshake for each costs more than the call", async () => {
    api.answer = (_request, response) => response.end("{}");
    const before = api.connections;
    for (let call = 0; call < 20; call += 1) await cluster.get("/api");
    assert.equal(api.connections - before, 1);
  });
  it("requests only metadata where that is enough, so that no value of a Secret is sent", async () => {
    let accepted: string | undefined;
    api.answer = ({ headers }, response) => {
      accepted = headers.accept;
      response.end(JSON.stringify({ items: [{ metadata: { name: "a", resourceVersion: "7" } }] }));
    };
    assert.deepEqual(await cluster.metadata("/api/v1/namespaces/n/secrets"), [{ name: "a", resourceVersion: "7" }]);
    assert.equal(accepted, "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1");
    api.answer = (_request, response) => response.end(JSON.stringify({ items: null }));
    assert.deepEqual(await cluster.metadata("/api/v1/namespaces/n/secrets"), []);
  });
  it("yields the events of a watch as they arrive, also a line in parts, and ends with the watch", async () => {
    const lines = ["a", "b"].map((name) => `${JSON.stringify({ type: "MODIFIED", object: { metadata: { name } } })}\n`);
    api.answer = (_request, response) => {
      const text = lines.join("");
      response.write(text.slice(0, 20));
      setImmediate(() => response.end(text.slice(20)));
    };
    assert.deepEqual(await namesOf(cluster), ["a", "b"]);
  });
  it("fails with the status of a watch that the server refuses or ends", async () => {
    api.answer = (_request, response) => response.writeHead(403).end(JSON.stringify({ message: "cannot watch" }));
    await assert.rejects(namesOf(cluster), { name: "KubernetesError", status: 403, message: "cannot watch" });
    const gone = { type: "ERROR", object: { kind: "Status", code: 410, message: "too old resource version" } };
    api.answer = (_request, response) => response.end(`${JSON.stringify(gone)}\n`);
    await assert.rejects(namesOf(cluster), {
      name: "KubernetesError",
      status: 410,
      message: "too old resource version",
    });
  });
  it("fails if no answer arrives or one never ends, and allows a silent watch", async () => {
    const timeoutInMs = 50;
    const hasty = await openCluster({ kubeconfig: api.kubeconfig, context: api.context, timeoutInMs });
    const tired = { name: "UserError", message: /cannot be reached: no answer within 0\.05 s/ };
    api.answer = () => {};
    await assert.rejects(hasty.get("/api"), tired);
    await assert.rejects(hasty.metadata("/api/v1/namespaces/n/secrets"), tired);
    api.answer = (_request, response) => void response.write("{");
    await assert.rejects(hasty.text("/api"), tired);
    const event = `${JSON.stringify({ type: "MODIFIED", object: { metadata: { name: "a" } } })}\n`;
    api.answer = (_request, response) => void setTimeout(() => response.end(event), 3 * timeoutInMs);
    assert.deepEqual(await namesOf(hasty), ["a"]);
  });
  it("ends a call when the signal that it was opened with is aborted", async () => {
    const stop = new AbortController();
    const stopped = await openCluster({ kubeconfig: api.kubeconfig, context: api.context, signal: stop.signal });
    api.answer = () => stop.abort(new Error("a server died"));
    await assert.rejects(stopped.get("/api"), /a server died/);
  });
  it("ends a watch when it is aborted", async () => {
    const stop = new AbortController();
    api.answer = (_request, response) => {
      response.write(`${JSON.stringify({ type: "BOOKMARK", object: { metadata: { name: "a" } } })}\n`);
      setImmediate(() => stop.abort());
    };
    await assert.rejects(namesOf(cluster, stop.signal), { name: "AbortError" });
  });
});

async function namesOf(cluster: Cluster, signal = new AbortController().signal): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const { object } of cluster.watch("/api/v1/x?watch=true", signal)) names.push(object.metadata.name);
  return names;
}
