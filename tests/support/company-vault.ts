import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exchange } from "../../clients/http.ts";
import { CertificateAuthority } from "../../local/certificate-authority.ts";
import { ensureHome, type LocalHome } from "../../local/home.ts";
import { writePrivateFile } from "../../local/private-file.ts";
import { launch } from "../../local/servers/launch.ts";
import { openbao } from "../../local/servers/openbao.ts";
import { forget, temporaryHome, testBinaries } from "./servers.ts";

/** OpenBao as a company runs it: TLS by a private CA, and one raft cluster of several nodes. */
export interface CompanyVault {
  /** PEM. */
  readonly ca: string;
  /** The same in a file. */
  readonly caFile: string;
  /** A name in the certificate, in addition to 127.0.0.1. */
  readonly serverName: string;
  /** One for each node, such as `https://127.0.0.1:12345`. */
  readonly addresses: readonly [string, ...string[]];
  stop(): Promise<void>;
}

/** Starts the nodes; none is initialised. Those after the first join it as soon as it is open. */
export async function startCompanyVault(nodes = 1): Promise<CompanyVault> {
  const dir = mkdtempSync(join(tmpdir(), "ameide-secrets-company-"));
  const homes: LocalHome[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(homes.map(forget));
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    const serverName = "vault.vault-system.svc";
    const caFile = join(dir, "ca.crt");
    const authority = await CertificateAuthority.make("company", { certificate: caFile, key: join(dir, "ca.key") });
    const { certificate, key } = await authority.issue({ name: "vault", usage: "server", dnsNames: [serverName] });
    const files = { certificate: join(dir, "tls.crt"), key: join(dir, "tls.key") };
    writePrivateFile(files.certificate, certificate);
    writePrivateFile(files.key, key);
    for (let node = 0; node < nodes; node++) homes.push(await temporaryHome());
    const [first, ...others] = homes.map((home) => `https://127.0.0.1:${home.port("vault")}`);
    if (first === undefined) throw new Error("a cluster has a node");
    await Promise.all(homes.map((home) => startNode(home, { ...files, caFile, leader: first })));
    return { ca: authority.pem, caFile, serverName, addresses: [first, ...others], stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface NodeOptions {
  readonly certificate: string;
  readonly key: string;
  readonly caFile: string;
  readonly leader: string;
}

async function startNode(home: LocalHome, { certificate, key, caFile, leader }: NodeOptions): Promise<void> {
  const own = openbao(home, await testBinaries());
  const address = `https://127.0.0.1:${home.port("vault")}`;
  const cluster = `127.0.0.1:${home.port("vaultCluster")}`;
  const join = address === leader ? {} : { retry_join: [{ leader_api_addr: leader, leader_ca_cert_file: caFile }] };
  const configuration = JSON.stringify({
    storage: { raft: { path: home.vault.dataDir, node_id: address, performance_multiplier: "1", ...join } },
    listener: {
      tcp: {
        address: `127.0.0.1:${home.port("vault")}`,
        cluster_address: cluster,
        tls_cert_file: certificate,
        tls_key_file: key,
        disable_unauthed_generate_root_endpoints: false,
      },
    },
    api_addr: address,
    cluster_addr: `https://${cluster}`,
    ui: false,
  });
  ensureHome(home);
  writePrivateFile(home.vault.configFile, configuration);
  await launch(home, {
    ...own,
    inputs: [configuration],
    isReady: async () => {
      const ca = readFileSync(caFile, "utf8");
      const asked = "sealedcode=200&uninitcode=200&standbyok=true";
      return (await exchange(`${address}/v1/sys/health?${asked}`, { ca })).status === 200;
    },
  });
}
