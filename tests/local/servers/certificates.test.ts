import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureHome, localHome, type LocalHome } from "../../../local/home.ts";
import { ensureCertificates } from "../../../local/servers/certificates.ts";

describe("ensureCertificates", () => {
  let home: LocalHome;
  const read = (path: string) => new X509Certificate(readFileSync(path));

  beforeEach(() => {
    home = localHome({ dir: mkdtempSync(join(tmpdir(), "ameide-secrets-certificates-")) });
    ensureHome(home);
  });
  afterEach(() => rmSync(home.dir, { recursive: true }));

  it("creates them once", async () => {
    const set = await ensureCertificates(home);
    const before = readFileSync(home.kubernetes.caCertificate, "utf8");
    assert.equal(await ensureCertificates(home), set);
    assert.equal(readFileSync(home.kubernetes.caCertificate, "utf8"), before);
  });

  it("creates all of them again, under another name, after a crash left them incomplete", async () => {
    const set = await ensureCertificates(home);
    rmSync(home.kubernetes.complete);
    assert.notEqual(await ensureCertificates(home), set);
    const { caCertificate, apiServerCertificate } = home.kubernetes;
    assert.equal(read(apiServerCertificate).verify(read(caCertificate).publicKey), true);
  });

  it("names the loopback address and the names that pods use in the API server's", async () => {
    await ensureCertificates(home);
    const certificate = read(home.kubernetes.apiServerCertificate);
    assert.equal(certificate.checkIP("127.0.0.1"), "127.0.0.1");
    assert.equal(certificate.checkHost("kubernetes.default.svc"), "kubernetes.default.svc");
  });

  it("signs etcd's with a separate CA", async () => {
    await ensureCertificates(home);
    const { etcd, kubernetes } = home;
    assert.equal(read(etcd.clientCertificate).verify(read(etcd.caCertificate).publicKey), true);
    assert.equal(read(etcd.clientCertificate).verify(read(kubernetes.caCertificate).publicKey), false);
  });

  it("contains user and group of a client", async () => {
    await ensureCertificates(home);
    assert.equal(read(home.kubernetes.nodeCertificate).subject, "O=system:nodes\nCN=system:node:ameide-local-node");
  });

  it("adds with the same CA what a home of an earlier release lacks", async () => {
    const { caCertificate, nodeCertificate, nodeKey, adminCertificate } = home.kubernetes;
    const set = await ensureCertificates(home);
    const admin = readFileSync(adminCertificate, "utf8");
    for (const file of [nodeCertificate, nodeKey]) rmSync(file);
    assert.equal(await ensureCertificates(home), set);
    assert.equal(read(nodeCertificate).verify(read(caCertificate).publicKey), true);
    assert.equal(readFileSync(adminCertificate, "utf8"), admin);
  });
});
