import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { vaultAccess } from "../../../cli/operate/connected-stack.ts";
import { KubernetesError, type Cluster } from "../../../clients/kubernetes.ts";
import { environmentStack } from "../../support/stacks.ts";

describe("vaultAccess, without VAULT_TOKEN", () => {
  const before = process.env["VAULT_TOKEN"];
  let server: Server;
  let asked: string[];
  /** What the path that creates a token answers. */
  let created: string;

  beforeEach(async () => {
    delete process.env["VAULT_TOKEN"];
    asked = [];
    created = "{}";
    server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url?.replace("/v1/", "")}`);
      response.end(request.url === "/v1/auth/token/create-orphan" ? created : '{"initialized":true}');
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
  });
  afterEach(() => {
    if (before !== undefined) process.env["VAULT_TOKEN"] = before;
    server.close();
  });

  const access = (find: () => Promise<unknown>) => {
    const stack = environmentStack("dev");
    const operatorAddress = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const vault = { ...stack.vault, operatorAddress };
    return vaultAccess({ ...stack, vault }, { find } as unknown as Cluster, false);
  };
  const withRoot = () =>
    Promise.resolve({ data: { "root-token": Buffer.from("root-token-of-a-test").toString("base64") } });

  it("reads without a token if the cluster refuses the Secret with Vault's keys", async () => {
    const { reader } = await access(() => Promise.reject(new KubernetesError(403, "secrets is forbidden")));
    assert.ok(typeof reader !== "string" && !reader.hasToken);
  });

  it("reads with a short-lived token that the stored root token creates", async () => {
    created = '{"auth":{"client_token":"short-token-of-a-test"}}';
    const { reader, token } = await access(withRoot);
    assert.ok(typeof reader !== "string" && reader.hasToken && token !== undefined);
  });

  it("fails with its own error, instead of reporting a refusal", async () => {
    await assert.rejects(
      access(() => Promise.reject(new TypeError("a fault"))),
      TypeError,
    );
    await assert.rejects(access(withRoot), TypeError); // an answer without a token
    assert.ok(asked.includes("POST auth/token/create-orphan"));
  });
});
