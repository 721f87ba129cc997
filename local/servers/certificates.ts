import { generateKeyPairSync, randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { stringify } from "yaml";
import { CertificateAuthority, type CertificateFiles, type Leaf } from "../certificate-authority.ts";
import { localContext, type LocalHome } from "../home.ts";
import { writePrivateFile } from "../private-file.ts";

/** The API server knows them by their certificates. */
export const clusterUsers = {
  admin: "ameide-local-admin",
  controllerManager: "system:kube-controller-manager",
  externalSecrets: "external-secrets",
  kubeletClient: "kube-apiserver-kubelet-client",
  node: "system:node:ameide-local-node",
} as const;

const pods = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"];

/** Of the cluster's CA, by file names in `home.kubernetes`. */
const clusterLeaves = {
  apiServer: { name: "kube-apiserver", usage: "server", dnsNames: pods },
  admin: { name: clusterUsers.admin, organisation: "system:masters", usage: "client" },
  controllerManager: { name: clusterUsers.controllerManager, usage: "client" },
  externalSecrets: { name: clusterUsers.externalSecrets, usage: "client" },
  kubeletClient: { name: clusterUsers.kubeletClient, usage: "client" },
  kubeletServer: { name: "kubelet", usage: "server" },
  node: { name: clusterUsers.node, organisation: "system:nodes", usage: "client" },
} satisfies Record<string, Leaf>;

/** Of etcd's own CA, by file names in `home.etcd`. */
const etcdLeaves = {
  server: { name: "etcd", usage: "both" }, // its peer and gateway connections use it as a client's too
  client: { name: "kube-apiserver", usage: "client" },
} satisfies Record<string, Leaf>;

/**
 * Creates the missing keys and certificates of the cluster and etcd; what a crash left incomplete is replaced as a
 * whole.
 *
 * @returns the name of the set; if it changes, every server must restart.
 */
export async function ensureCertificates({ kubernetes, etcd }: LocalHome): Promise<string> {
  const isComplete = existsSync(kubernetes.complete);
  await ensureIssued(`${localContext} cluster`, kubernetes, clusterLeaves, isComplete);
  await ensureIssued(`${localContext} etcd`, etcd, etcdLeaves, isComplete);
  if (isComplete) return readFileSync(kubernetes.complete, "utf8");
  // RSA: Azure's token endpoint accepts only RS256
  const { privateKey, publicKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: { format: "pem", type: "pkcs8" },
    publicKeyEncoding: { format: "pem", type: "spki" },
  });
  writePrivateFile(kubernetes.serviceAccountKey, privateKey);
  writePrivateFile(kubernetes.serviceAccountPublicKey, publicKey);
  const set = randomUUID();
  writePrivateFile(kubernetes.complete, set);
  return set;
}

type Files<N extends string> = Readonly<Record<`${N | "ca"}Certificate` | `${N | "ca"}Key`, string>>;

/** @param isComplete - issues only what is missing: a home of an earlier release has fewer certificates. */
async function ensureIssued<N extends string>(
  caName: string,
  files: Files<N>,
  leaves: Readonly<Record<N, Leaf>>,
  isComplete: boolean,
): Promise<void> {
  const filesOf = (name: N | "ca"): CertificateFiles => ({
    certificate: files[`${name}Certificate`],
    key: files[`${name}Key`],
  });
  const names = (Object.keys(leaves) as N[]).filter((name) => !isComplete || !existsSync(filesOf(name).certificate));
  if (names.length === 0) return;
  const ca = isComplete
    ? CertificateAuthority.read(filesOf("ca"))
    : await CertificateAuthority.make(caName, filesOf("ca"));
  for (const name of names) {
    const { certificate, key } = await ca.issue(leaves[name]);
    writePrivateFile(filesOf(name).key, key);
    writePrivateFile(filesOf(name).certificate, certificate);
  }
}

/** Files are 0600, since they contain keys. An unchanged file is not written: that would trigger its watchers. */
export function writeKubeconfigs(home: LocalHome): void {
  const { kubernetes, kubeconfig } = home;
  const { controllerManagerKubeconfig, externalSecretsKubeconfig } = kubernetes;
  for (const [path, user] of [
    [kubeconfig, "admin"],
    [controllerManagerKubeconfig, "controllerManager"],
    [externalSecretsKubeconfig, "externalSecrets"],
  ] as const) {
    const text = kubeconfigOf(home, user);
    if (!existsSync(path) || readFileSync(path, "utf8") !== text) writePrivateFile(path, text);
  }
}

function kubeconfigOf(
  { kubernetes, kubernetesUrl: server }: LocalHome,
  user: "admin" | "controllerManager" | "externalSecrets",
): string {
  const base64 = (path: string) => readFileSync(path, "base64");
  const name = clusterUsers[user];
  const credentials = {
    "client-certificate-data": base64(kubernetes[`${user}Certificate`]),
    "client-key-data": base64(kubernetes[`${user}Key`]),
  };
  const cluster = { server, "certificate-authority-data": base64(kubernetes.caCertificate) };
  return stringify(
    {
      apiVersion: "v1",
      kind: "Config",
      "current-context": localContext,
      clusters: [{ name: localContext, cluster }],
      contexts: [{ name: localContext, context: { cluster: localContext, user: name } }],
      users: [{ name, user: credentials }],
    },
    { lineWidth: 0 },
  );
}
