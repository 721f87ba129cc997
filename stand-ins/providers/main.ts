import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { azureNativeProvider } from "./azure-native/provider.ts";
import { CreationJournal } from "./creation-journal.ts";
import { resourceProviderService } from "./grpc-service.ts";
import type { Provider } from "./provider.ts";
import { offlineKubernetesType } from "./offline-kubernetes.ts";
import { parseProvidersConfig, sdkVersion, type PackageName } from "./config.ts";
import { TypedProvider } from "./typed-provider.ts";
import { vaultProvider } from "./vault/provider.ts";
import providerService from "@pulumi/pulumi/proto/provider_grpc_pb.js";

/*
 * The providers `vault` and `azure-native` in one process; offline `kubernetes` as well, which is the real one otherwise.
 * It reads its configuration, one line of JSON, from standard input. It listens on 127.0.0.1, prints the value for
 * PULUMI_DEBUG_PROVIDERS, and ends when its standard input closes: so it ends with its parent, however that ended.
 */
// Ctrl-C reaches the whole foreground group; the engine decides when its providers may go, by way of our parent.
process.on("SIGINT", () => undefined);

const lines = createInterface({ input: process.stdin });
lines.once("close", () => process.exit(0));
const first = await lines[Symbol.asyncIterator]().next();
const config = parseProvidersConfig(String(first.value));
const live = config.mode === "live" ? config : undefined;
const journal = CreationJournal.open(live?.journalPath);

const packages: [PackageName, () => Provider][] = [["azure-native", () => azureNativeProvider(live?.azure, journal)]];
if (live === undefined || live.vault !== undefined)
  packages.unshift(["vault", () => vaultProvider(live?.vault, journal)]);
if (live === undefined) {
  const offline = { name: "kubernetes", journal, typeOf: offlineKubernetesType, connect: () => undefined };
  packages.unshift(["kubernetes", () => new TypedProvider(offline)]);
}

const unlimited = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };
const served = packages.map(async ([name, create]) => {
  const server = new Server(unlimited);
  const service = resourceProviderService({ name, version: sdkVersion(name), create });
  server.addService(providerService.ResourceProviderService, service);
  return `${name}:${await promisify(server.bindAsync.bind(server))("127.0.0.1:0", ServerCredentials.createInsecure())}`;
});
process.stdout.write(`${(await Promise.all(served)).join(",")}\n`);
