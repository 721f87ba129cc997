import { NetworkError } from "../../clients/http.ts";
import type { Cluster } from "../../clients/kubernetes.ts";
import { VaultClient } from "../../clients/vault.ts";
import type { Redacted } from "../../domain/redacted.ts";
import type { VaultTarget } from "../../domain/vault-target.ts";
import type { Snapshot, VaultPodState } from "../snapshot.ts";
import { NotAsked } from "./observed.ts";

/** One cluster, context pinned. What it throws has the HTTP status as `status`. */
export type KubernetesReader = Pick<Cluster, "context" | "get" | "text">;

/** Vault with the rights of the token; without one, what everybody may read. */
export interface VaultReader {
  readonly address: string;
  readonly hasToken: boolean;
  /** @param path - without `/v1/`; `query` such as `list=true`. @throws VaultError */
  get<T extends object>(path: string): Promise<T>;
}

export interface AzureReader {
  /** Resource Manager; path with its api-version. @throws AzureRestError */
  arm<T extends object>(path: string): Promise<T>;
  /** The vault's data plane. @param pathOrLink - a path, or the `nextLink` of a page. @throws AzureRestError */
  keyVault<T extends object>(pathOrLink: string): Promise<T>;
}

/** Every server that is read. One that cannot be reached is replaced by the reason, as a text for people. */
export interface Access {
  readonly kubernetes: KubernetesReader | string;
  readonly vault: VaultReader | string;
  readonly azure: AzureReader | string;
  /** Asks each pod of Vault for its own health. @default - Vault is only asked as a whole */
  readonly vaultPods?: () => Promise<readonly VaultPodState[]>;
}

export const patienceInMs = 8_000;

/** @param token - the auditor's, or anyone's; what it may not read is reported part by part. */
export function vaultReader(vault: VaultTarget, token?: Redacted): VaultReader {
  return new VaultClient({ ...vault, token, connections: 16, timeoutInMs: patienceInMs });
}

/** Any of the three readers for a way that is closed: each call is refused with the reason. */
export function closedReader(asked: string, why: string): KubernetesReader & VaultReader & AzureReader {
  const refuse = (): Promise<never> => Promise.reject(new NotAsked(asked, why));
  return { context: "", address: "", hasToken: false, get: refuse, text: refuse, arm: refuse, keyVault: refuse };
}

/** Counts the calls for the report. A server that did not answer in time is not asked again: timeouts would add up. */
export function countedAccess({ vaultPods, ...access }: Access) {
  const count = { kubernetes: 0, vault: 0, azure: 0 };
  const counted = <T extends object>(server: keyof typeof count, reader: T): T => {
    let silence: Error | undefined;
    return new Proxy(reader, {
      get(target, key) {
        const member: unknown = Reflect.get(target, key, target);
        if (typeof member !== "function") return member;
        return async (...args: readonly unknown[]): Promise<unknown> => {
          if (silence !== undefined) throw silence;
          count[server] += 1;
          try {
            return (await Reflect.apply(member, target, args)) as unknown;
          } catch (error) {
            if (isSilence(error)) silence = error;
            throw error;
          }
        };
      },
    });
  };
  const { kubernetes, vault, azure } = access;
  return {
    calls: (): Snapshot["calls"] => ({ ...count }),
    kubernetes:
      typeof kubernetes === "string" ? closedReader("read the cluster", kubernetes) : counted("kubernetes", kubernetes),
    vault: typeof vault === "string" ? closedReader("read Vault", vault) : counted("vault", vault),
    azure: typeof azure === "string" ? closedReader("read Azure", azure) : counted("azure", azure),
    ...(vaultPods && {
      vaultPods: async () => {
        const pods = await vaultPods();
        count.vault += pods.length;
        return pods;
      },
    }),
  };
}

/** Whether a server did not answer in time, in the client's own error or behind what callers get in its place. */
export function isSilence(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  return (error instanceof NetworkError && error.code === "ETIMEDOUT") || isSilence(error.cause);
}
