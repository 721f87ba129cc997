import { readFileSync } from "node:fs";
import type { LocalHome } from "../home.ts";
import type { Binaries } from "../toolchain/pieces.ts";
import { exchange } from "../../clients/http.ts";
import type { Server } from "./server.ts";

/** The External Secrets Operator; without its webhook and the controller of that webhook's certificates. */
export function externalSecrets(home: LocalHome, binaries: Binaries): Server {
  const metrics = `127.0.0.1:${home.port("externalSecretsMetrics")}`;
  return {
    name: "external-secrets",
    binary: binaries.externalSecrets,
    args: [
      `--metrics-addr=${metrics}`,
      "--enable-leader-election=false",
      "--concurrent=5",
      // every reconcile would log in to Vault anew, and every login asks the API server to review a token
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
