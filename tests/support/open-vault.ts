import { setTimeout as delay } from "node:timers/promises";
import type { Cluster } from "../../clients/kubernetes.ts";
import { vaultCredentials } from "../../cli/access/root-token.ts";
import { vaultState } from "../../cli/access/vault.ts";
import type { Redacted } from "../../domain/redacted.ts";

export interface OpenedVault {
  readonly rootToken: string;
  readonly unsealKey: string;
}

/** What `dev` and `local` keep in the cluster. */
export async function storedRootToken(cluster: Cluster, namespace: string): Promise<Redacted> {
  const { rootToken } = await vaultCredentials(cluster, namespace);
  if (rootToken === undefined) throw new Error(`no root token is stored in ${namespace}`);
  return rootToken;
}

/** Initialises an OpenBao with one key and unseals it. */
export async function openVault(address: string): Promise<OpenedVault> {
  const made = await call<{ root_token: string; keys: [string] }>(address, "sys/init", {
    secret_shares: 1,
    secret_threshold: 1,
  });
  const opened = { rootToken: made.root_token, unsealKey: made.keys[0] };
  await unsealVault(address, opened.unsealKey);
  return opened;
}

/** Unsealed is not yet active: with raft storage the node elects itself first, and refuses everything meanwhile. */
export async function unsealVault(address: string, key: string): Promise<void> {
  await call(address, "sys/unseal", { key });
  while ((await vaultState({ address })) !== "active") await delay(50);
}

async function call<T>(address: string, path: string, body: object): Promise<T> {
  const response = await fetch(`${address}/v1/${path}`, { method: "PUT", body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`PUT ${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}
