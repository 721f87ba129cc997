import { bootstrapWriters } from "../domain/bootstrap-writers.ts";
import type { BootstrapConfig } from "../domain/bootstrap-config.ts";
import { mapBounded } from "../clients/pacing.ts";
import type { VaultClient } from "../clients/vault.ts";
import { VaultSession, type VaultLogin } from "./vault-session.ts";

/** Logins under way at once: Vault asks the API server to review each. */
const parallel = 8;

/** The sessions of one run: one for each part of what it may write. */
export class VaultSessions {
  readonly #sessions: readonly VaultSession[];
  readonly #byPath = new Map<string, VaultSession>();
  #others: Promise<unknown> = Promise.resolve();

  constructor(vault: VaultClient, config: BootstrapConfig, { jwt, refused }: Pick<VaultLogin, "jwt" | "refused">) {
    const { authMount } = config.vault;
    this.#sessions = bootstrapWriters(config).map(({ role, paths }) => {
      const session = new VaultSession(vault, { authMount, role, jwt, refused });
      for (const path of paths) this.#byPath.set(path, session);
      return session;
    });
  }

  /** Logs in once, which shows that it can be done, and begins the other logins: the source is read meanwhile. */
  async logIn(): Promise<void> {
    const [first, ...others] = this.#sessions;
    await first?.token();
    this.#others = mapBounded(others, parallel, async (session) => await session.token());
    // whoever asks for them is told; a run that ends before need not be
    this.#others.catch(() => undefined);
  }

  /** Resolves when all are logged in. */
  async ready(): Promise<void> {
    await this.#others;
  }

  /** @param path - one that the configuration names. */
  of(path: string): VaultSession {
    const session = this.#byPath.get(path);
    if (session === undefined) throw new Error(`no login may write ${path}`);
    return session;
  }

  async end(): Promise<void> {
    await this.#others.catch(() => undefined);
    await mapBounded(this.#sessions, parallel, async (session) => await session.end());
  }
}
