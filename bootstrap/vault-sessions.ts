import { bootstrapWriters } from "../domain/bootstrap-writers.ts";
import type { BootstrapConfig } from "../domain/bootstrap-config.ts";
import type { Redacted } from "../domain/redacted.ts";
import { mapBounded } from "./concurrency.ts";
import type { VaultClient } from "./vault-client.ts";
import { VaultSession } from "./vault-session.ts";

/** Logins under way at once: Vault asks the API server to review each. */
const parallel = 8;

/** The sessions of one run: one for each part of what it may write. */
export class VaultSessions {
  readonly #sessions: readonly VaultSession[];
  readonly #byPath = new Map<string, VaultSession>();

  constructor(vault: VaultClient, config: BootstrapConfig, jwt: () => Promise<Redacted>) {
    const { authMount } = config.vault;
    this.#sessions = bootstrapWriters(config).map(({ role, paths }) => {
      const session = new VaultSession(vault, { authMount, role, jwt });
      for (const path of paths) this.#byPath.set(path, session);
      return session;
    });
  }

  /** @param onRefused - makes the failure of a login that Vault refuses. */
  async logIn(onRefused: (role: string, error: unknown) => Error): Promise<void> {
    await mapBounded(this.#sessions, parallel, async (session) => {
      await session.token().catch((error: unknown) => {
        throw onRefused(session.role, error);
      });
    });
  }

  /** @param path - one that the configuration names. */
  of(path: string): VaultSession {
    const session = this.#byPath.get(path);
    if (session === undefined) throw new Error(`no login may write ${path}`);
    return session;
  }

  async end(): Promise<void> {
    await mapBounded(this.#sessions, parallel, async (session) => await session.end());
  }
}
