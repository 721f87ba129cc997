import { basename } from "node:path";
import type { LocalHome } from "../home.ts";
import { writePrivateFile } from "../private-file.ts";
import type { Binaries } from "../toolchain/pieces.ts";
import { serves, type Server } from "./server.ts";

/** OpenBao or Vault with raft storage. It is ready while sealed: vault-bootstrap initialises and unseals it. */
export function openbao(home: LocalHome, binaries: Binaries): Server {
  const cluster = `127.0.0.1:${home.port("vaultCluster")}`;
  const configuration = JSON.stringify({
    storage: {
      // a multiplier of 1: the node leads one second after it is unsealed, not five
      raft: { path: home.vault.dataDir, node_id: "local", performance_multiplier: "1" },
    },
    listener: {
      tcp: {
        address: `127.0.0.1:${home.port("vault")}`,
        cluster_address: cluster,
        tls_disable: true,
        // allows generating a root token with the unseal key, as Vault 1.21 does without such an option
        ...(basename(binaries.bao) !== "vault" && { disable_unauthed_generate_root_endpoints: false }),
      },
    },
    api_addr: home.vaultUrl,
    cluster_addr: `https://${cluster}`,
    // without it Vault needs root; OpenBao no longer has it
    ...(basename(binaries.bao) === "vault" && { disable_mlock: true }),
    ui: false,
  });
  return {
    name: "openbao",
    binary: binaries.bao,
    args: ["server", `-config=${home.vault.configFile}`],
    environment: { GOMEMLIMIT: "250MiB" },
    ports: ["vault", "vaultCluster"],
    inputs: [configuration],
    prepare: () => Promise.resolve(writePrivateFile(home.vault.configFile, configuration)),
    isReady: () => serves(`${home.vaultUrl}/v1/sys/health?sealedcode=200&uninitcode=200&standbyok=true`),
  };
}
