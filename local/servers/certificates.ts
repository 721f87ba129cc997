import "reflect-metadata";
import { createPrivateKey, generateKeyPairSync, randomUUID, webcrypto } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import * as x509 from "@peculiar/x509";
import { localContext, type LocalHome } from "../home.ts";
import { writePrivateFile } from "../private-file.ts";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const dayInMilliseconds = 86_400_000;
const validInDays = 3650;

interface Issuer {
  readonly certificate: x509.X509Certificate;
  readonly key: webcrypto.CryptoKey;
}

interface Leaf {
  /** Common name: the user where it is a client's. */
  readonly name: string;
  /** The user's group. */
  readonly organisation?: string;
  readonly usage: "server" | "client" | "both";
  readonly dnsNames?: readonly string[];
  readonly certificate: string;
  readonly key: string;
}

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
 * @returns the name of the set; another name means that every server must start anew.
 */
export async function ensureCertificates({ kubernetes, etcd }: LocalHome): Promise<string> {
  if (existsSync(kubernetes.complete)) return readFileSync(kubernetes.complete, "utf8");

  const clusterCa = await makeCa(`${localContext} cluster`, kubernetes.caCertificate, kubernetes.caKey);
  const etcdCa = await makeCa(`${localContext} etcd`, etcd.caCertificate, etcd.caKey);
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
  client: { readonly name: string; readonly organisation?: string },
): Promise<{ readonly certificate: string; readonly key: string }> {
  const der = createPrivateKey(readFileSync(kubernetes.caKey)).export({ format: "der", type: "pkcs8" });
  const ca = {
    certificate: new x509.X509Certificate(readFileSync(kubernetes.caCertificate, "utf8")),
    key: await webcrypto.subtle.importKey("pkcs8", der, algorithm, false, ["sign"]),
  };
  return sign(ca, { ...client, usage: "client" });
}

async function makeCa(name: string, certificateFile: string, keyFile: string): Promise<Issuer> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    ...validity(),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  writePrivateFile(keyFile, await pemOf(keys.privateKey));
  writePrivateFile(certificateFile, certificate.toString("pem"));
  return { certificate, key: keys.privateKey };
}

async function issue(ca: Issuer, leaf: Leaf): Promise<void> {
  const { certificate, key } = await sign(ca, leaf);
  writePrivateFile(leaf.key, key);
  writePrivateFile(leaf.certificate, certificate);
}

async function sign(ca: Issuer, leaf: Omit<Leaf, "certificate" | "key">) {
  const { name, organisation, usage, dnsNames = [] } = leaf;
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const { serverAuth, clientAuth } = x509.ExtendedKeyUsage;
  const purposes = { server: [serverAuth], client: [clientAuth], both: [serverAuth, clientAuth] };
  const names = [
    { type: "ip" as const, value: "127.0.0.1" },
    { type: "dns" as const, value: "localhost" },
    ...dnsNames.map((value) => ({ type: "dns" as const, value })),
  ];
  const certificate = await x509.X509CertificateGenerator.create({
    subject: [...(organisation === undefined ? [] : [{ O: [organisation] }]), { CN: [name] }],
    issuer: ca.certificate.subject,
    ...validity(),
    publicKey: keys.publicKey,
    signingKey: ca.key,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(purposes[usage]),
      await x509.AuthorityKeyIdentifierExtension.create(ca.certificate),
      ...(usage === "client" ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
    ],
  });
  return { certificate: certificate.toString("pem"), key: await pemOf(keys.privateKey) };
}

/** RSA, since Azure's token endpoint takes RS256 from an issuer and nothing else. */
function makeServiceAccountKey(privateFile: string, publicFile: string): void {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  writePrivateFile(privateFile, privateKey.export({ format: "pem", type: "pkcs8" }).toString());
  writePrivateFile(publicFile, publicKey.export({ format: "pem", type: "spki" }).toString());
}

function validity(): { readonly notBefore: Date; readonly notAfter: Date } {
  const now = Date.now();
  return {
    notBefore: new Date(now - dayInMilliseconds),
    notAfter: new Date(now + validInDays * dayInMilliseconds),
  };
}

async function pemOf(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", key));
  return createPrivateKey({ key: der, format: "der", type: "pkcs8" })
    .export({ format: "pem", type: "pkcs8" })
    .toString();
}
