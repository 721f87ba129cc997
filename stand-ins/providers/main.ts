import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { azureNativeProvider } from "./azure-native/provider.ts";
import { parseProvidersConfig, type ProvidersReady } from "./config.ts";
import { CreationJournal } from "./creation-journal.ts";
import { resourceProviderService, type Package } from "./grpc-service.ts";
import { diffKubernetesConfig } from "./kubernetes/config-diff.ts";
import { KubernetesProvider } from "./kubernetes/provider.ts";
import { sdkVersion } from "./sdk-version.ts";
import { vaultProvider } from "./vault/provider.ts";
import providerService from "@pulumi/pulumi/proto/provider_grpc_pb.js";

/*
 * The providers `kubernetes`, `vault` and `azure-native` in one process. Configuration: one line of JSON on standard
 * input. It listens on 127.0.0.1, tells its ports in one line of JSON, and ends when its standard input closes: so it
 * dies with whoever started it, however that ended.
 */
// Ctrl-C reaches the whole foreground group; the engine decides when its providers may go, by way of our parent.
process.on("SIGINT", () => undefined);

const lines = createInterface({ input: process.stdin });
lines.once("close", () => process.exit(0));
const first = await lines[Symbol.asyncIterator]().next();
const config = parseProvidersConfig(String(first.value));
const live = config.mode === "live" ? config : undefined;

const journal = CreationJournal.open(
  live && (live.journalPath ?? join(dirname(live.kubeconfigPath), "made-resources.jsonl")),
);

const packages: readonly Package[] = [
  {
    name: "kubernetes",
    version: sdkVersion("kubernetes"),
    create: (log) => new KubernetesProvider(live?.kubeconfigPath, log),
    diffConfig: (before, after) => diffKubernetesConfig(before, after, live === undefined),
  },
  { name: "vault", version: sdkVersion("vault"), create: () => vaultProvider(live, journal) },
  {
    name: "azure-native",
    version: sdkVersion("azure-native"),
    create: () => azureNativeProvider(live?.azure, journal),
  },
];

const servers = await Promise.all(packages.map(listen));
const ports = Object.fromEntries(servers.map(({ name, port }) => [name, port]));
const debugProviders = servers.map(({ name, port }) => `${name}:${port}`).join(",");
process.stdout.write(`${JSON.stringify({ ports, debugProviders } satisfies ProvidersReady)}\n`);

async function listen(served: Package): Promise<{ name: string; port: number }> {
  const unlimited = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };
  const server = new Server(unlimited);
  server.addService(providerService.ResourceProviderService, resourceProviderService(served));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  return { name: served.name, port };
}
