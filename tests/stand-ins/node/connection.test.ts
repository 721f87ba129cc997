import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectionFromKubeconfig } from "../../../stand-ins/node/connection.ts";

describe("connectionFromKubeconfig", () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "node-stand-in-"));
  });
  afterEach(() => rm(dir, { recursive: true }));

  const config = (user: object, context = "c") => ({
    "current-context": context,
    contexts: [{ name: "c", context: { cluster: "k", user: "u" } }],
    clusters: [{ name: "k", cluster: { server: "https://127.0.0.1:1", "certificate-authority": "ca.crt" } }],
    users: [{ name: "u", user }],
  });
  const written = async (content: object) => {
    await writeFile(join(dir, "ca.crt"), "CA");
    await writeFile(join(dir, "kubeconfig"), JSON.stringify(content));
    return join(dir, "kubeconfig");
  };

  it("reads inline data and files beside the kubeconfig", async () => {
    const inline = Buffer.from("CERT").toString("base64");
    const path = await written(config({ "client-certificate-data": inline, "client-key-data": inline }));
    assert.deepEqual(await connectionFromKubeconfig(path), {
      address: "https://127.0.0.1:1",
      ca: "CA",
      cert: "CERT",
      key: "CERT",
    });
  });
  it("reads a token", async () => {
    const { authenticate } = await connectionFromKubeconfig(await written(config({ token: "t" })));
    assert.deepEqual(await authenticate?.(), { headers: { authorization: "Bearer t" } });
  });
  it("fails when the current context is not there, naming it", async () =>
    assert.rejects(connectionFromKubeconfig(await written(config({}, "gone"))), /gone/));
});
