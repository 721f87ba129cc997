import { readFileSync } from "node:fs";
import type { LocalHome } from "../home.ts";
import type { Binaries } from "../toolchain/pieces.ts";
import { exchange } from "../../clients/http.ts";
import type { Server } from "./server.ts";

/** What the API server stores. TLS both ways: else every user of this machine could read the Secrets in it. */
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
    inputs: [],
    after: [],
    isReady: async () => {
      const credentials = {
        ca: readFileSync(etcd.caCertificate),
        cert: readFileSync(etcd.clientCertificate),
        key: readFileSync(etcd.clientKey),
      };
      return (await exchange(`${client}/health`, credentials)).status === 200;
    },
  };
}
