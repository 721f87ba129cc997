import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { LocalHome } from "../home.ts";
import { exchange } from "../../clients/http.ts";
import { clientTls, type Server } from "./server.ts";

/** Of the stand-in; missing ids are generated at the first start. */
export interface AzureAccount {
  readonly tenantId?: string;
  readonly subscriptionId?: string;
}

export function standIns(home: LocalHome, { tenantId, subscriptionId }: AzureAccount): Server {
  const { kubernetes } = home;
  return {
    name: "stand-ins",
    binary: process.execPath,
    args: [
      "--max-semi-space-size=2",
      join(import.meta.dirname, "..", "..", "stand-ins", "main.ts"),
      `--home=${home.dir}`,
      `--port-base=${home.portBase}`,
      ...(tenantId === undefined ? [] : [`--tenant=${tenantId}`]),
      ...(subscriptionId === undefined ? [] : [`--subscription=${subscriptionId}`]),
    ],
    // compiled code in a cache: saves 30 MiB for the TypeScript compiler
    environment: { NODE_COMPILE_CACHE: join(home.dir, "node-compile-cache") },
    ports: ["azure", "kubelet"],
    inputs: [digestOfSources(), readFileSync(kubernetes.nodeCertificate, "utf8")],
    after: ["kube-apiserver"],
    isReady: async () => {
      const azure = await exchange(`${home.azureUrl}/`, { ca: readFileSync(home.azure.caCertificate) });
      const { caCertificate, kubeletClientCertificate, kubeletClientKey } = kubernetes;
      const tls = clientTls(caCertificate, kubeletClientCertificate, kubeletClientKey);
      const kubelet = await exchange(`https://127.0.0.1:${home.port("kubelet")}/healthz`, tls);
      return azure.status > 0 && kubelet.status === 200;
    },
  };
}

/** A change of the code requires a restart. */
function digestOfSources(): string {
  const root = join(import.meta.dirname, "..", "..");
  const hash = createHash("sha256");
  for (const folder of ["stand-ins", "local", "clients", "domain"]) {
    for (const file of readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).toSorted()) {
      if (file.endsWith(".ts")) hash.update(file).update(readFileSync(join(root, folder, file)));
    }
  }
  return hash.digest("hex");
}
