import "reflect-metadata";
import { createPrivateKey, webcrypto } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import * as x509 from "@peculiar/x509";
import { writePrivateFile } from "../private-file.ts";
import { azureFiles } from "./files.ts";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const dayInMilliseconds = 86_400_000;

/** What a TLS server needs, as PEM. */
export interface ServerCertificate {
  readonly cert: string;
  readonly key: string;
  readonly caPem: string;
}

/**
 * Issues the stand-in's certificate for 127.0.0.1 and localhost. The CA is made once and kept in `dir`, so that what
 * trusted it before a restart still does; the server's own key lives in memory only.
 */
export async function issueServerCertificate(dir: string): Promise<ServerCertificate> {
  const ca = await loadOrMakeCa(dir);
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: "CN=127.0.0.1",
    issuer: ca.certificate.subject,
    ...validFor(397),
    publicKey: keys.publicKey,
    signingKey: ca.key,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        { type: "ip", value: "127.0.0.1" },
        { type: "dns", value: "localhost" },
      ]),
      await x509.AuthorityKeyIdentifierExtension.create(ca.certificate),
    ],
  });
  return {
    cert: certificate.toString("pem"),
    key: await privateKeyPem(keys.privateKey),
    caPem: ca.certificate.toString("pem"),
  };
}

interface Ca {
  readonly certificate: x509.X509Certificate;
  readonly key: webcrypto.CryptoKey;
}

async function loadOrMakeCa(dir: string): Promise<Ca> {
  const files = azureFiles(dir);
  if (existsSync(files.caCertificate) && existsSync(files.caKey)) {
    const der = createPrivateKey(readFileSync(files.caKey)).export({ format: "der", type: "pkcs8" });
    return {
      certificate: new x509.X509Certificate(readFileSync(files.caCertificate, "utf8")),
      key: await webcrypto.subtle.importKey("pkcs8", der, algorithm, true, ["sign"]),
    };
  }
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=ameide-secrets local Azure stand-in",
    ...validFor(3650),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  writePrivateFile(files.caKey, await privateKeyPem(keys.privateKey));
  writePrivateFile(files.caCertificate, certificate.toString("pem"));
  return { certificate, key: keys.privateKey };
}

function validFor(days: number): { readonly notBefore: Date; readonly notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - dayInMilliseconds), notAfter: new Date(now + days * dayInMilliseconds) };
}

async function privateKeyPem(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", key));
  return createPrivateKey({ key: der, format: "der", type: "pkcs8" })
    .export({ format: "pem", type: "pkcs8" })
    .toString();
}
