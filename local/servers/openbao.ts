import { basename } from "node:path";
import type { LocalHome } from "../home.ts";
import { writePrivateFile } from "../private-file.ts";
import type { Binaries } from "../toolchain/pieces.ts";
import { serves, type Server } from "./server.ts";

/**
 * OpenBao, or a person's own Vault; not in dev mode: raft storage, so a restart leaves it sealed. Serving is what is
 * waited for: it is vault-bootstrap that initialises and unseals it.
 */
export function openbao(home: LocalHome, binaries: Binaries): Server {
  const cluster = `127.0.0.1:${home.port("vaultCluster")}`;
  const configuration = JSON.stringify({
    storage: {
      // a multiplier of 1: the one node leads a second after it is unsealed, not five
      raft: { path: home.vault.dataDir, node_id: "local", performance_multiplier: "1" },
    },
    listener: {
      tcp: {
        address: `127.0.0.1:${home.port("vault")}`,
        cluster_address: cluster,
        tls_disable: true,
        // a root token can be generated with the unseal key, as in HashiCorp's Vault 1.21; Vault does not know the option
        ...(basename(binaries.bao) !== "vault" && { disable_unauthed_generate_root_endpoints: false }),
      },
    },
    api_addr: home.vaultUrl,
    cluster_addr: `https://${cluster}`,
    // Vault needs root without it; OpenBao knows it no more
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
