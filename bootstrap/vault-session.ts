import { Redacted } from "../domain/redacted.ts";
import type { VaultClient } from "../clients/vault.ts";
import type { BootstrapConfig } from "../domain/bootstrap-config.ts";
import { bootstrapWriters } from "../domain/bootstrap-writers.ts";
import { mapBounded } from "../clients/pacing.ts";

interface Token {
  readonly token: Redacted;
  /** Milliseconds since the epoch, by our clock. */
  readonly renewAt: number;
}

export interface VaultLogin {
  readonly authMount: string;
  readonly role: string;
  /** Reads the ServiceAccount's token, which the kubelet replaces while we run. */
  readonly jwt: () => Promise<Redacted>;
  /** Makes the failure of a login that Vault refuses. */
  readonly refused: (role: string, error: unknown) => Error;
}

/** One login by Kubernetes auth, made again before its token ends: a run that waits for propagation outlives it. */
export class VaultSession {
  readonly #vault: VaultClient;
  readonly #login: VaultLogin;
  #current: Promise<Token> | undefined;

  constructor(vault: VaultClient, login: VaultLogin) {
    this.#vault = vault;
    this.#login = login;
  }

  get role(): string {
    return this.#login.role;
  }

  /** @throws what {@link VaultLogin.refused} makes, if Vault refuses the login. */
  async token(): Promise<Redacted> {
    const known = this.#current;
    const current = await known;
    if (current !== undefined && current.renewAt > Date.now()) return current.token;
    // of many calls that find it ended, the first logs in and the others wait for it
    if (this.#current === known) this.#current = this.#logIn();
    return (await (this.#current ?? this.#logIn())).token;
  }

  async #logIn(): Promise<Token> {
    const { authMount, role, jwt, refused } = this.#login;
    try {
      const body = { role, jwt: (await jwt()).reveal() };
      type Answer = { readonly auth: { readonly client_token: string; readonly lease_duration: number } };
      const { auth } = await this.#vault.call<Answer>("POST", `auth/${authMount}/login`, { body });
      // seconds; 0 never ends, else it is renewed when a tenth is left
      const life = auth.lease_duration === 0 ? Infinity : auth.lease_duration * 900;
      return { token: new Redacted(auth.client_token), renewAt: Date.now() + life };
    } catch (error) {
      this.#current = undefined;
      throw refused(role, error);
    }
  }

  /** So that no token outlives the run. A batch token cannot be revoked, and a refusal harms nobody. */
  async end(): Promise<void> {
    if (this.#current === undefined) return;
    const options = { session: this, once: true, inHand: true } as const;
    await this.#vault.call("POST", "auth/token/revoke-self", options).catch(() => undefined);
    this.#current = undefined;
  }
}

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
    // only the caller that needs them gets the error
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
