import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { IncomingHttpHeaders } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NetworkError } from "../../clients/http.ts";
import { VaultClient, VaultError } from "../../clients/vault.ts";
import { Redacted } from "../../domain/redacted.ts";
import { issueServerCertificate } from "../../local/certificate-authority.ts";

describe("VaultClient", () => {
  const dir = mkdtempSync(join(tmpdir(), "vault-client-"));
  let server: Server;
  let address = "";
  let ca = "";
  let status = 200;
  let body: object = {};
  let seen: { readonly url: string | undefined; readonly headers: IncomingHttpHeaders }[] = [];

  before(async () => {
    server = createServer(await issueServerCertificate(dir), ({ url, headers }, response) => {
      seen.push({ url, headers });
      response.writeHead(status).end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    address = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    ca = readFileSync(join(dir, "ca.crt"), "utf8");
  });
  beforeEach(() => {
    status = 200;
    body = { initialized: true };
    seen = [];
  });
  after(() => {
    server.close();
    server.closeAllConnections();
    rmSync(dir, { recursive: true });
  });

  it("trusts a server of a private CA only with the given CA", async () => {
    await new VaultClient({ address, ca }).get("sys/mounts");
    await assert.rejects(new VaultClient({ address }).get("sys/mounts"), NetworkError);
    const { state } = await new VaultClient({ address }).health();
    assert.equal(state, "unreachable");
  });

  it("sends its namespace in each call except those that Vault serves outside of namespaces", async () => {
    const vault = new VaultClient({ address, ca, namespace: "platform/dev" });
    for (const path of ["secret/metadata/a", "sys/mounts", "sys/health", "sys/leader", "sys/unseal", "sys/init"]) {
      await vault.get(path);
    }
    assert.deepEqual(
      seen.map(({ headers }) => headers["x-vault-namespace"]),
      ["platform/dev", "platform/dev", undefined, undefined, undefined, undefined],
    );
    seen = [];
    await new VaultClient({ address, ca }).get("sys/mounts");
    assert.equal(seen[0]?.headers["x-vault-namespace"], undefined);
  });

  it("sends the session's token if a call names a session, otherwise its own, and none with sys/health", async () => {
    const vault = new VaultClient({ address, ca, token: new Redacted("own") });
    await vault.get("sys/mounts");
    await vault.call("GET", "sys/mounts", { session: { token: () => Promise.resolve(new Redacted("session")) } });
    await vault.health();
    assert.deepEqual(
      seen.map(({ headers }) => headers["x-vault-token"]),
      ["own", "session", undefined],
    );
  });

  it("reads the state from the status of sys/health", async () => {
    const states: string[] = [];
    for (status of [200, 429, 472, 473, 501, 503, 404])
      states.push((await new VaultClient({ address, ca }).health()).state);
    const standby = ["standby", "standby", "standby"];
    assert.deepEqual(states, ["active", ...standby, "uninitialised", "sealed", "unreachable"]);
  });

  it("does not treat 503, 501 or 429 of a proxy as a state of Vault", async () => {
    body = { message: "no healthy upstream" };
    for (status of [200, 429, 501, 503]) {
      const vault = new VaultClient({ address, ca });
      assert.deepEqual(await vault.health(), { state: "unreachable", why: `sys/health answered ${status}` });
      await assert.rejects(vault.get("sys/health?standbyok=true"), { name: "VaultError", status });
    }
  });

  it("fails with the status, the call and Vault's own words", async () => {
    status = 403;
    body = { errors: ["1 error occurred:\n\t* permission denied\n\n"] };
    await assert.rejects(new VaultClient({ address, ca }).get("secret/data/a"), {
      name: "VaultError",
      status: 403,
      call: "GET secret/data/a",
      message: "1 error occurred: * permission denied ",
    });
  });

  it("does not retry if Vault is sealed, and retries while a leader is elected", async () => {
    const retry = { timing: { retryBaseInMs: 1, retryCapInMs: 1, retryAttempts: 3 } };
    status = 503;
    body = { errors: ["Vault is sealed"] };
    const sealed = (error: unknown): boolean => error instanceof VaultError && error.isSealed;
    await assert.rejects(new VaultClient({ address, ca, retry }).get("secret/data/a"), sealed);
    assert.equal(seen.length, 1);
    status = 500;
    body = { errors: ["local node not active but active cluster node not found"] };
    await assert.rejects(new VaultClient({ address, ca, retry }).get("secret/data/a"), VaultError);
    assert.equal(seen.length, 4);
  });
});
