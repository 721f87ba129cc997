import { exchange } from "../../clients/http.ts";
import type { LocalHome } from "../home.ts";
import type { Binaries } from "../toolchain/pieces.ts";
import { administrator } from "./cluster-call.ts";
import type { Server } from "./server.ts";

/**
 * The API server: RBAC, own CA, its own ServiceAccount issuer at the address where it listens, so that the discovery
 * document and the keys can be had where the tokens say. Every admission plug-in that is on by default is on.
 */
export function kubeApiserver(home: LocalHome, binaries: Binaries): Server {
  const { kubernetes, etcd, kubernetesUrl } = home;
  return {
    name: "kube-apiserver",
    binary: binaries.kubeApiserver,
    args: [
      "--bind-address=127.0.0.1",
      "--advertise-address=127.0.0.1",
      `--secure-port=${home.port("kubernetes")}`,
      `--tls-cert-file=${kubernetes.apiServerCertificate}`,
      `--tls-private-key-file=${kubernetes.apiServerKey}`,
      `--client-ca-file=${kubernetes.caCertificate}`,
      "--authorization-mode=RBAC",
      `--etcd-servers=https://127.0.0.1:${home.port("etcdClient")}`,
      `--etcd-cafile=${etcd.caCertificate}`,
      `--etcd-certfile=${etcd.clientCertificate}`,
      `--etcd-keyfile=${etcd.clientKey}`,
      `--service-account-issuer=${kubernetesUrl}`,
      `--service-account-jwks-uri=${kubernetesUrl}/openid/v1/jwks`,
      `--service-account-key-file=${kubernetes.serviceAccountPublicKey}`,
      `--service-account-signing-key-file=${kubernetes.serviceAccountKey}`,
      // as asked for: a token of 600 s must not live a year
      "--service-account-extend-token-expiration=false",
      "--service-cluster-ip-range=10.96.0.0/24",
      `--kubelet-certificate-authority=${kubernetes.caCertificate}`,
      `--kubelet-client-certificate=${kubernetes.kubeletClientCertificate}`,
      `--kubelet-client-key=${kubernetes.kubeletClientKey}`,
      "--kubelet-preferred-address-types=InternalIP",
      // one server for one person: nothing to share out, nobody to elect, little to keep in memory
      "--enable-priority-and-fairness=false",
      "--max-requests-inflight=200",
      "--max-mutating-requests-inflight=100",
      "--endpoint-reconciler-type=none",
      "--etcd-count-metric-poll-period=0",
      "--etcd-db-metric-poll-interval=0",
      "--profiling=false",
      "--shutdown-delay-duration=0s",
    ],
    environment: { GOGC: "75", GOMEMLIMIT: "400MiB" },
    ports: ["kubernetes"],
    inputs: [],
    after: ["etcd"],
    isReady: async () => (await exchange(`${kubernetesUrl}/readyz`, administrator(home))).status === 200,
  };
}
