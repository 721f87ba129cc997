import { readFileSync } from "node:fs";
import type { LocalHome } from "../home.ts";
import type { Binaries } from "../toolchain/pieces.ts";
import { exchange } from "../../clients/http.ts";
import type { Server } from "./server.ts";

/** What the chain and the Deployments that read its Secrets live on; no Service or volume is ever made here. */
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
    inputs: [],
    after: ["kube-apiserver"],
    isReady: async () => {
      const ca = readFileSync(kubernetes.caCertificate);
      return (await exchange(`https://127.0.0.1:${home.port("controllerManager")}/healthz`, { ca })).status === 200;
    },
  };
}
