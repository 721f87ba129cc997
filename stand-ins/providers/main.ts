import { createInterface } from "node:readline";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { azureNativeProvider } from "./azure-native/provider.ts";
import { parseProvidersConfig, type ProvidersReady } from "./config.ts";
import { CreationJournal } from "./creation-journal.ts";
import { resourceProviderService, type Package } from "./grpc-service.ts";
import { offlineKubernetesType } from "./offline-kubernetes.ts";
import { sdkVersion, type PackageName } from "./sdk-version.ts";
import { TypedProvider } from "./typed-provider.ts";
import { vaultProvider } from "./vault/provider.ts";
import providerService from "@pulumi/pulumi/proto/provider_grpc_pb.js";

/*
 * The providers `vault` and `azure-native` in one process; offline `kubernetes` as well, which is the real one otherwise.
 * It reads its configuration, one line of JSON, from standard input. It listens on 127.0.0.1, prints its ports in one line
 * of JSON, and ends when its standard input closes: so it ends with its parent, however that ended.
 */
// Ctrl-C reaches the whole foreground group; the engine decides when its providers may go, by way of our parent.
process.on("SIGINT", () => undefined);

const lines = createInterface({ input: process.stdin });
lines.once("close", () => process.exit(0));
const first = await lines[Symbol.asyncIterator]().next();
const config = parseProvidersConfig(String(first.value));
const live = config.mode === "live" ? config : undefined;

const journal = CreationJournal.open(live?.journalPath);

const kubernetes = () =>
  new TypedProvider({ name: "kubernetes", journal, typeOf: offlineKubernetesType, connect: () => undefined });
const packages: readonly (Pick<Package, "create"> & { readonly name: PackageName })[] = [
  ...(live === undefined ? [{ name: "kubernetes" as const, create: kubernetes }] : []),
  ...(live !== undefined && live.vault === undefined
    ? []
    : [{ name: "vault" as const, create: () => vaultProvider(live?.vault, journal) }]),
  { name: "azure-native", create: () => azureNativeProvider(live?.azure, journal) },
];

const servers = await Promise.all(packages.map((served) => listen({ ...served, version: sdkVersion(served.name) })));
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
