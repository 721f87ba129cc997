import "reflect-metadata";
import { createPrivateKey, KeyObject, webcrypto } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as x509 from "@peculiar/x509";
import { writePrivateFile } from "./private-file.ts";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const dayInMilliseconds = 86_400_000;
const tenYearsInDays = 3650;

/** PEM files, readable by their owner only. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

export interface Leaf {
  /** Common name; for a client certificate, the user. */
  readonly name: string;
  /** The user's group. */
  readonly organisation?: string;
  readonly usage: "server" | "client" | "both";
  /** In addition to `localhost` and 127.0.0.1. @default - none */
  readonly dnsNames?: readonly string[];
  /** @default 3650 */
  readonly validInDays?: number;
}

/** It signs for loopback addresses only. */
export class CertificateAuthority {
  readonly #certificate: x509.X509Certificate;
  readonly #key: webcrypto.CryptoKey;

  private constructor(certificate: x509.X509Certificate, key: webcrypto.CryptoKey) {
    this.#certificate = certificate;
    this.#key = key;
  }

  /** Writes the key first: an existing certificate then always has its key. */
  static async make(name: string, files: CertificateFiles): Promise<CertificateAuthority> {
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      name: `CN=${name}`,
      ...validFor(tenYearsInDays),
      keys,
      signingAlgorithm: algorithm,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    writePrivateFile(files.key, pemOf(keys.privateKey));
    writePrivateFile(files.certificate, certificate.toString("pem"));
    return new CertificateAuthority(certificate, keys.privateKey);
  }

  static read(files: CertificateFiles): CertificateAuthority {
    return new CertificateAuthority(
      new x509.X509Certificate(readFileSync(files.certificate, "utf8")),
      createPrivateKey(readFileSync(files.key)).toCryptoKey(algorithm, false, ["sign"]),
    );
  }

  get pem(): string {
    return this.#certificate.toString("pem");
  }

  /** @returns certificate and key as PEM. */
  async issue({ name, organisation, usage, dnsNames = [], validInDays }: Leaf) {
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
    const { serverAuth, clientAuth } = x509.ExtendedKeyUsage;
    const purposes = { server: [serverAuth], client: [clientAuth], both: [serverAuth, clientAuth] };
    const names = [
      { type: "ip" as const, value: "127.0.0.1" },
      ...["localhost", ...dnsNames].map((value) => ({ type: "dns" as const, value })),
    ];
    const certificate = await x509.X509CertificateGenerator.create({
      subject: [...(organisation === undefined ? [] : [{ O: [organisation] }]), { CN: [name] }],
      issuer: this.#certificate.subject,
      ...validFor(validInDays ?? tenYearsInDays),
      publicKey: keys.publicKey,
      signingKey: this.#key,
      signingAlgorithm: algorithm,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension(purposes[usage]),
        await x509.AuthorityKeyIdentifierExtension.create(this.#certificate),
        ...(usage === "client" ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
      ],
    });
    return { certificate: certificate.toString("pem"), key: pemOf(keys.privateKey) };
  }
}

/** No public CA signs for longer (CA/Browser Forum, SC-31). */
const serverValidInDays = 397;

/**
 * For 127.0.0.1 and localhost. The CA is stored in `dir`, so clients trust the server after a restart; the server's own
 * key exists in memory only.
 *
 * @returns PEM.
 */
export async function issueServerCertificate(dir: string) {
  const files = { certificate: join(dir, "ca.crt"), key: join(dir, "ca.key") };
  const exists = existsSync(files.certificate) && existsSync(files.key);
  const ca = await (exists
    ? CertificateAuthority.read(files)
    : CertificateAuthority.make("Azure stand-in of ameide-secrets", files));
  const { certificate, key } = await ca.issue({ name: "127.0.0.1", usage: "server", validInDays: serverValidInDays });
  return { cert: certificate, key, caPem: ca.pem };
}

function validFor(days: number): { readonly notBefore: Date; readonly notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - dayInMilliseconds), notAfter: new Date(now + days * dayInMilliseconds) };
}

function pemOf(key: webcrypto.CryptoKey): string {
  return KeyObject.from(key).export({ format: "pem", type: "pkcs8" }).toString();
}
