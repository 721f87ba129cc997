import { mapBounded } from "../clients/pacing.ts";
import { VaultError } from "../clients/vault.ts";
import { bootstrapWriters } from "../domain/bootstrap-writers.ts";
import { Redacted } from "../domain/redacted.ts";
import { BootstrapFailure, messageOf, vaultFailure } from "./failure.ts";
import type { Run } from "./run-context.ts";

interface Token {
  readonly token: Redacted;
  /** Milliseconds since the epoch, by our clock. */
  readonly renewAt: number;
}

type Login = Pick<Run, "vault" | "config" | "account">;

/** One login by Kubernetes auth, made again before its token ends: a run that waits for propagation outlives it. */
export class VaultSession {
  readonly role: string;
  readonly #run: Login;
  #current: Promise<Token> | undefined;

  constructor(run: Login, role: string) {
    this.#run = run;
    this.role = role;
  }

  /** @throws BootstrapFailure `vault-auth-refused`, or what {@link vaultFailure} finds. */
  async token(): Promise<Redacted> {
    const known = this.#current;
    const current = await known;
    if (current !== undefined && current.renewAt > Date.now()) return current.token;
    // of many calls that find it ended, the first logs in and the others wait for it
    if (this.#current === known) this.#current = this.#logIn();
    return (await (this.#current ?? this.#logIn())).token;
  }

  async #logIn(): Promise<Token> {
    const { vault, config, account } = this.#run;
    const { address, authMount } = config.vault;
    try {
      // the kubelet replaces the token while we run
      const body = { role: this.role, jwt: (await account.token()).reveal() };
      type Answer = { readonly auth: { readonly client_token: string; readonly lease_duration: number } };
      const { auth } = await vault.call<Answer>("POST", `auth/${authMount}/login`, { body });
      // seconds; 0 never ends, else it is renewed when a tenth is left
      const life = auth.lease_duration === 0 ? Infinity : auth.lease_duration * 900;
      return { token: new Redacted(auth.client_token), renewAt: Date.now() + life };
    } catch (error) {
      this.#current = undefined;
      if (error instanceof VaultError && reviewFailed.test(error.message)) throw refused(authMount, this.role, error);
      const failure = vaultFailure(error, address);
      if (failure !== undefined) throw failure;
      throw error instanceof VaultError ? refused(authMount, this.role, error) : error;
    }
  }

  /** So that no token outlives the run. A batch token cannot be revoked, and a refusal does no harm. */
  async end(): Promise<void> {
    if (this.#current === undefined) return;
    const options = { session: this, once: true, inHand: true } as const;
    await this.#run.vault.call("POST", "auth/token/revoke-self", options).catch(() => undefined);
    this.#current = undefined;
  }
}

/** Logins under way at once: Vault asks the API server to review each. */
const parallel = 8;

/** The sessions of one run, as the pod's own ServiceAccount: one for each part of what it may write. */
export class VaultSessions {
  readonly #sessions: readonly VaultSession[];
  readonly #byPath = new Map<string, VaultSession>();
  #others: Promise<unknown> = Promise.resolve();

  constructor(run: Login) {
    this.#sessions = bootstrapWriters(run.config).map(({ role, paths }) => {
      const session = new VaultSession(run, role);
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

  async ready(): Promise<void> {
    await this.#others;
  }

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

/**
 * Refusals that Vault's Kubernetes auth answers with 500: without a configuration in every version, and where the token
 * could not be reviewed or its account is not the role's in versions before 0.10 of the plugin. Later ones answer 403.
 *
 * @see https://github.com/hashicorp/vault-plugin-auth-kubernetes/blob/main/path_login.go
 */
const reviewFailed =
  /could not load backend configuration|tokenreviews|lookup failed|not authorized|claim "\w+" is invalid/;

function refused(authMount: string, role: string, error: VaultError): BootstrapFailure {
  return new BootstrapFailure(
    "vault-auth-refused",
    `Vault refused the login at auth/${authMount} as role ${role}: ${messageOf(error)}`,
    fixFor(error, authMount),
    { cause: error },
  );
}

function fixFor(error: VaultError, authMount: string): string {
  if (error.says("invalid role name") || error.says("no handler for route") || error.status === 404) {
    return "the role, the auth mount or the namespace does not exist: ameide-secrets up --stack <stack> creates role and mount, in the namespace that vault.namespace of the stack file names";
  }
  if (error.says("service account name not authorized") || error.says("namespace not authorized")) {
    return "the role is bound to another ServiceAccount: ameide-secrets up --stack <stack> binds it to this one";
  }
  return `Vault could not review the token: ameide-secrets reconfigure-auth --stack <stack>; then check that auth/${authMount} has no pinned reviewer token and that Vault's own account has the ClusterRole system:auth-delegator`;
}
