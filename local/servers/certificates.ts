import { generateKeyPairSync, randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import {
  CertificateAuthority,
  type CertificateFiles,
  type IssuedCertificate,
  type Leaf,
} from "../certificate-authority.ts";
import { localContext, type LocalHome } from "../home.ts";
import { writePrivateFile } from "../private-file.ts";

/** Users that the API server knows by their certificates. */
export const clusterUsers = {
  admin: "ameide-local-admin",
  controllerManager: "system:kube-controller-manager",
  externalSecrets: "external-secrets",
  kubeletClient: "kube-apiserver-kubelet-client",
  node: "system:node:ameide-local-node",
} as const;

/**
 * Makes the keys and certificates of the cluster once: its CA, API server, clients, the key that signs ServiceAccount
 * tokens, and etcd's own. What a crash left half made is made again as a whole.
 *
 * @returns the name of the set; if it changes, every server must restart.
 */
export async function ensureCertificates({ kubernetes, etcd }: LocalHome): Promise<string> {
  if (existsSync(kubernetes.complete)) return readFileSync(kubernetes.complete, "utf8");

  const clusterCa = await CertificateAuthority.make(`${localContext} cluster`, {
    certificate: kubernetes.caCertificate,
    key: kubernetes.caKey,
  });
  const etcdCa = await CertificateAuthority.make(`${localContext} etcd`, {
    certificate: etcd.caCertificate,
    key: etcd.caKey,
  });
  await issue(clusterCa, {
    name: "kube-apiserver",
    usage: "server",
    dnsNames: ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"],
    certificate: kubernetes.apiServerCertificate,
    key: kubernetes.apiServerKey,
  });
  await issue(clusterCa, {
    name: clusterUsers.admin,
    organisation: "system:masters",
    usage: "client",
    certificate: kubernetes.adminCertificate,
    key: kubernetes.adminKey,
  });
  await issue(clusterCa, {
    name: clusterUsers.kubeletClient,
    usage: "client",
    certificate: kubernetes.kubeletClientCertificate,
    key: kubernetes.kubeletClientKey,
  });
  await issue(clusterCa, {
    name: "kubelet",
    usage: "server",
    certificate: kubernetes.kubeletServerCertificate,
    key: kubernetes.kubeletServerKey,
  });
  await issue(etcdCa, {
    name: "etcd",
    usage: "both", // its peer and gateway connections show it as a client's too
    certificate: etcd.serverCertificate,
    key: etcd.serverKey,
  });
  await issue(etcdCa, {
    name: "kube-apiserver",
    usage: "client",
    certificate: etcd.clientCertificate,
    key: etcd.clientKey,
  });
  makeServiceAccountKey(kubernetes.serviceAccountKey, kubernetes.serviceAccountPublicKey);
  const set = randomUUID();
  writePrivateFile(kubernetes.complete, set);
  return set;
}

/** A client certificate of the cluster's CA, as PEM. */
export async function issueClient(
  { kubernetes }: LocalHome,
  client: Pick<Leaf, "name" | "organisation">,
): Promise<IssuedCertificate> {
  const ca = await CertificateAuthority.read({ certificate: kubernetes.caCertificate, key: kubernetes.caKey });
  return ca.issue({ ...client, usage: "client" });
}

async function issue(ca: CertificateAuthority, leaf: Leaf & CertificateFiles): Promise<void> {
  const { certificate, key } = await ca.issue(leaf);
  writePrivateFile(leaf.key, key);
  writePrivateFile(leaf.certificate, certificate);
}

/** RSA, since Azure's token endpoint takes RS256 from an issuer and nothing else. */
function makeServiceAccountKey(privateFile: string, publicFile: string): void {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  writePrivateFile(privateFile, privateKey.export({ format: "pem", type: "pkcs8" }).toString());
  writePrivateFile(publicFile, publicKey.export({ format: "pem", type: "spki" }).toString());
}
