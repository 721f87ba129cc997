import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import type { Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CertificateAuthority } from "../../../local/certificate-authority.ts";
import { serveLogs } from "../../../stand-ins/node/log-server.ts";
import type { Pods } from "../../../stand-ins/node/pods.ts";
import { exchange } from "../../../clients/http.ts";

describe("serveLogs", () => {
  let dir: string;
  let server: Server;
  let isReady = false;
  let health: (client?: { cert: Buffer; key: Buffer }) => Promise<number>;
  let client: { cert: Buffer; key: Buffer };

  before(async () => {
    dir = mkdtempSync(join(tmpdir(), "ameide-secrets-logs-"));
    const ca = await CertificateAuthority.make("test", { certificate: join(dir, "ca.crt"), key: join(dir, "ca.key") });
    const { certificate: cert, key } = await ca.issue({ name: "kubelet", usage: "server" });
    const issued = await ca.issue({ name: "kube-apiserver-kubelet-client", usage: "client" });
    client = { cert: Buffer.from(issued.certificate), key: Buffer.from(issued.key) };
    server = await serveLogs({} as Pods, 0, { cert, key, clientCa: ca.pem }, () => isReady);
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/healthz`;
    health = async (by) => (await exchange(url, { ca: Buffer.from(ca.pem), ...by })).status;
  });
  after(() => {
    server.close();
    rmSync(dir, { recursive: true });
  });

  it("is healthy only after the cluster has the node, because a start waits for it", async () => {
    assert.equal(await health(client), 503);
    isReady = true;
    assert.equal(await health(client), 200);
  });

  it("refuses clients without the API server's certificate", async () => assert.equal(await health(), 401));
});
