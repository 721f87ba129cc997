import type { Snapshot } from "../snapshot.ts";
import type { Access } from "./access.ts";

/** The same access, with its calls counted: how much a look costs the servers is told with it. */
export function countedAccess({
  kubernetes,
  vault,
  azure,
}: Access): Access & { readonly calls: () => Snapshot["calls"] } {
  const count = { kubernetes: 0, vault: 0, azure: 0 };
  return {
    calls: () => ({ ...count }),
    kubernetes:
      typeof kubernetes === "string"
        ? kubernetes
        : {
            context: kubernetes.context,
            get: (path) => {
              count.kubernetes += 1;
              return kubernetes.get(path);
            },
            text: (path) => {
              count.kubernetes += 1;
              return kubernetes.text(path);
            },
          },
    vault:
      typeof vault === "string"
        ? vault
        : {
            address: vault.address,
            hasToken: vault.hasToken,
            get: (path) => {
              count.vault += 1;
              return vault.get(path);
            },
          },
    azure:
      typeof azure === "string"
        ? azure
        : {
            arm: (path) => {
              count.azure += 1;
              return azure.arm(path);
            },
            keyVault: (path) => {
              count.azure += 1;
              return azure.keyVault(path);
            },
          },
  };
}
