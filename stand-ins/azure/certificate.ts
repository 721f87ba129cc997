import { existsSync } from "node:fs";
import { CertificateAuthority } from "../../local/certificate-authority.ts";
import { azureFiles } from "./files.ts";

/** No public CA signs for longer (CA/Browser Forum, SC-31). */
const validInDays = 397;

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
  const { caCertificate, caKey } = azureFiles(dir);
  const files = { certificate: caCertificate, key: caKey };
  const isThere = existsSync(caCertificate) && existsSync(caKey);
  const ca = isThere
    ? await CertificateAuthority.read(files)
    : await CertificateAuthority.make("ameide-secrets local Azure stand-in", files);
  const { certificate, key } = await ca.issue({ name: "127.0.0.1", usage: "server", validInDays });
  return { cert: certificate, key, caPem: ca.pem };
}
