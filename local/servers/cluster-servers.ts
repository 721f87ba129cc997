import { readFileSync } from "node:fs";
import type { LocalHome } from "../home.ts";
import type { Binaries } from "../toolchain/pieces.ts";
import { exchange } from "../../clients/http.ts";
import { clientTls, serves, type Server } from "./server.ts";
import { administrator } from "./cluster-call.ts";

/** TLS in both directions: otherwise every user of this machine could read the Secrets. */
export function etcdServer(home: LocalHome, binaries: Binaries): Server {
  const { etcd } = home;
  const client = `https://127.0.0.1:${home.port("etcdClient")}`;
  const peer = `https://127.0.0.1:${home.port("etcdPeer")}`;
  return {
    name: "etcd",
    binary: binaries.etcd,
    args: [
      "--name=local",
      `--data-dir=${etcd.dataDir}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=local=${peer}`,
      "--client-cert-auth",
      `--trusted-ca-file=${etcd.caCertificate}`,
      `--cert-file=${etcd.serverCertificate}`,
      `--key-file=${etcd.serverKey}`,
      "--peer-client-cert-auth",
      `--peer-trusted-ca-file=${etcd.caCertificate}`,
      `--peer-cert-file=${etcd.serverCertificate}`,
      `--peer-key-file=${etcd.serverKey}`,
      "--log-level=warn",
      "--auto-compaction-retention=1h",
      // one member has no one to wait for
      "--heartbeat-interval=50",
      "--election-timeout=500",
    ],
    environment: { GOMEMLIMIT: "200MiB" },
    ports: ["etcdClient", "etcdPeer"],
    isReady: () => serves(`${client}/health`, clientTls(etcd.caCertificate, etcd.clientCertificate, etcd.clientKey)),
  };
}

/** The ServiceAccount issuer is the address where it listens, so that discovery document and keys are served there. */
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
      // a token that was requested for 600 s must not be valid for a year
      "--service-account-extend-token-expiration=false",
      "--service-cluster-ip-range=10.96.0.0/24",
      `--kubelet-certificate-authority=${kubernetes.caCertificate}`,
      `--kubelet-client-certificate=${kubernetes.kubeletClientCertificate}`,
      `--kubelet-client-key=${kubernetes.kubeletClientKey}`,
      "--kubelet-preferred-address-types=InternalIP",
      // one server for one person needs no fairness and no leader election
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
    after: ["etcd"],
    isReady: () => serves(`${kubernetesUrl}/readyz`, administrator(home)),
  };
}

/** For the pipeline and for Deployments that read its Secrets; Services and volumes do not exist here. */
const controllers = [
  "namespace-controller",
  "serviceaccount-controller",
  "root-ca-certificate-publisher-controller",
  "garbage-collector-controller",
  "job-controller",
  "cronjob-controller",
  "deployment-controller",
  "replicaset-controller",
  "ttl-after-finished-controller",
  "clusterrole-aggregation-controller",
  "validatingadmissionpolicy-status-controller",
];

export function controllerManager(home: LocalHome, binaries: Binaries): Server {
  const { kubernetes } = home;
  const kubeconfig = kubernetes.controllerManagerKubeconfig;
  return {
    name: "kube-controller-manager",
    binary: binaries.kubeControllerManager,
    args: [
      "--bind-address=127.0.0.1",
      `--secure-port=${home.port("controllerManager")}`,
      `--tls-cert-file=${kubernetes.apiServerCertificate}`,
      `--tls-private-key-file=${kubernetes.apiServerKey}`,
      `--kubeconfig=${kubeconfig}`,
      `--authentication-kubeconfig=${kubeconfig}`,
      "--authentication-skip-lookup=true", // of an aggregator that is not there
      `--authorization-kubeconfig=${kubeconfig}`,
      `--root-ca-file=${kubernetes.caCertificate}`,
      "--use-service-account-credentials=true",
      "--leader-elect=false",
      `--controllers=${controllers.join(",")}`,
      "--kube-api-qps=100",
      "--kube-api-burst=200",
      "--profiling=false",
    ],
    environment: { GOGC: "50", GOMEMLIMIT: "150MiB" },
    ports: ["controllerManager"],
    after: ["kube-apiserver"],
    isReady: () => {
      const ca = readFileSync(kubernetes.caCertificate);
      return serves(`https://127.0.0.1:${home.port("controllerManager")}/healthz`, { ca });
    },
  };
}

/** Without its webhook and the controller of the webhook's certificates. */
export function externalSecrets(home: LocalHome, binaries: Binaries): Server {
  const metrics = `127.0.0.1:${home.port("externalSecretsMetrics")}`;
  return {
    name: "external-secrets",
    binary: binaries.externalSecrets,
    args: [
      `--metrics-addr=${metrics}`,
      "--enable-leader-election=false",
      "--concurrent=5",
      // otherwise every reconcile logs in to Vault, and every login needs a TokenReview
      "--experimental-enable-vault-token-cache=true",
      "--store-requeue-interval=1m",
      "--loglevel=info",
      "--zap-time-encoding=rfc3339",
    ],
    environment: { KUBECONFIG: home.kubernetes.externalSecretsKubeconfig, GOGC: "75", GOMEMLIMIT: "250MiB" },
    ports: ["externalSecretsMetrics"],
    inputs: [readFileSync(home.kubernetes.externalSecretsKubeconfig, "utf8")],
    after: ["kube-apiserver"],
    // 0.19.2 has no health endpoint; a controller that runs shows its workers
    isReady: async () => {
      const { status, body } = await exchange(`http://${metrics}/metrics`);
      return (
        status === 200 && /^controller_runtime_max_concurrent_reconciles\{controller="externalsecret"\} /m.test(body)
      );
    },
  };
}
