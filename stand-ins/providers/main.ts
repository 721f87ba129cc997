import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { azureNativeProvider } from "./azure-native/provider.ts";
import { CreationJournal } from "./creation-journal.ts";
import { resourceProviderService } from "./grpc-service.ts";
import type { Provider } from "./provider.ts";
import { parseProvidersConfig, sdkVersion, type PackageName } from "./config.ts";
import { inputDiff } from "./property-diff.ts";
import { isList, isMap, type PropertyMap, type PropertyValue } from "./property-value.ts";
import { plannedType, TypedProvider, type ResourceType } from "./typed-provider.ts";
import { vaultProvider } from "./vault/provider.ts";
import providerService from "@pulumi/pulumi/proto/provider_grpc_pb.js";

const identity = ["metadata.name", "metadata.namespace"];

/** @see https://github.com/pulumi/pulumi-kubernetes/blob/master/provider/pkg/provider/diff.go */
const immutable: Readonly<Record<string, readonly string[]>> = {
  ClusterRoleBinding: ["roleRef"],
  ConfigMap: ["binaryData", "data", "immutable"],
  Job: ["spec.completions", "spec.parallelism", "spec.selector", "spec.template"],
  RoleBinding: ["roleRef"],
};

/*
 * `vault` and `azure-native` in one process; offline also `kubernetes`. It reads its configuration from standard input
 * and prints the value for PULUMI_DEBUG_PROVIDERS. It ends when standard input closes, so always with its parent.
 */
// Ctrl-C reaches the whole foreground group, but the engine decides (through our parent) when its providers may end.
process.on("SIGINT", () => undefined);

const lines = createInterface({ input: process.stdin });
lines.once("close", () => process.exit(0));
const first = await lines[Symbol.asyncIterator]().next();
const config = parseProvidersConfig(String(first.value));
const live = config.mode === "live" ? config : undefined;
const journal = new CreationJournal(live?.journalPath);

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

/** For plans that must not reach the cluster of a kubeconfig. @param token - such as `kubernetes:batch/v1:Job`. */
function offlineKubernetesType(token: string): ResourceType<never> {
  const replaceAt = [...identity, ...(immutable[token.split(":").at(-1) ?? ""] ?? [])];
  return {
    ...plannedType,
    diff: ({ oldInputs, inputs, ignoreChanges }) =>
      inputDiff(
        { oldInputs: withoutEmptyLists(oldInputs), inputs: withoutEmptyLists(inputs), ignoreChanges },
        replaceAt,
      ),
  };
}

/** As the real provider does for built-in kinds. */
function withoutEmptyLists(map: PropertyMap): PropertyMap {
  const kept = Object.entries(map).filter(([, value]) => !isList(value) || value.length > 0);
  return Object.fromEntries(kept.map(([key, value]) => [key, withoutEmptyListsIn(value)]));
}

function withoutEmptyListsIn(value: PropertyValue): PropertyValue {
  if (isList(value)) return value.map(withoutEmptyListsIn);
  return isMap(value) ? withoutEmptyLists(value) : value;
}
