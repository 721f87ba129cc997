import { Redacted } from "../domain/redacted.ts";
import { BootstrapFailure } from "./failure.ts";
import { VaultError, type VaultClient } from "../clients/vault.ts";
import type { VaultSession, VaultSessions } from "./vault-session.ts";

export interface VaultState {
  /** 0: no version was ever written, so that CAS 0 writes the first. */
  readonly currentVersion: number;
  /** Whether the current version can be read: there is one, neither deleted nor destroyed. */
  readonly live: boolean;
  readonly customMetadata: Readonly<Record<string, string>>;
  readonly casRequired: boolean;
}

export const absent: VaultState = { currentVersion: 0, live: false, customMetadata: {}, casRequired: false };

/** Another writer was there between our read and our write. */
export class CasMismatch extends Error {}

interface Metadata {
  readonly current_version: number;
  readonly custom_metadata: Record<string, string> | null;
  readonly cas_required: boolean;
  readonly versions: Record<string, { deletion_time: string; destroyed: boolean } | undefined>;
}

interface Value {
  readonly data: { readonly value?: unknown } | null;
  readonly metadata: { readonly version: number };
}

/** KV v2 under one mount. A secret is one field, `value`. */
export class VaultKv {
  readonly #vault: VaultClient;
  readonly #sessions: VaultSessions;
  readonly #mount: string;

  constructor(vault: VaultClient, sessions: VaultSessions, mount: string) {
    this.#vault = vault;
    this.#sessions = sessions;
    this.#mount = mount;
  }

  /** @returns the API path, such as `secret/data/ghcr-token`. */
  apiPath(kind: "data" | "metadata", path: string): string {
    return `${this.#mount}/${kind}/${path.split("/").map(encodeURIComponent).join("/")}`;
  }

  /** One list for each folder, not a call for each path. Paths of a folder that we may not list count as present. */
  async present(paths: readonly string[]): Promise<ReadonlySet<string>> {
    const folders = Map.groupBy(paths, (path) => path.slice(0, path.lastIndexOf("/") + 1));
    const found = await Promise.all(
      [...folders].map(async ([folder, inFolder]) => {
        const [first = ""] = inFolder;
        const keys = await this.#keys(folder, this.#sessions.of(first));
        return keys === undefined ? inFolder : inFolder.filter((path) => keys.has(path.slice(folder.length)));
      }),
    );
    return new Set(found.flat());
  }

  /** @returns the names right below a folder; `undefined` where we may not list it. */
  async #keys(folder: string, session: VaultSession): Promise<ReadonlySet<string> | undefined> {
    try {
      const path = `${this.apiPath("metadata", folder)}?list=true`;
      return new Set((await this.#orUndefined<{ keys: string[] }>(path, session))?.keys);
    } catch (error) {
      if (error instanceof VaultError && error.status === 403) return undefined;
      throw error;
    }
  }

  async state(path: string): Promise<VaultState> {
    const metadata = await this.#orUndefined<Metadata>(this.apiPath("metadata", path), this.#sessions.of(path));
    if (metadata === undefined) return absent;
    const version = metadata.versions[String(metadata.current_version)];
    return {
      currentVersion: metadata.current_version,
      live: version !== undefined && !version.destroyed && !isPast(version.deletion_time),
      customMetadata: metadata.custom_metadata ?? {},
      casRequired: metadata.cas_required,
    };
  }

  /** @returns the value of the current version; `undefined` where there is none or it has no text in `value`. */
  async value(path: string): Promise<{ readonly value: Redacted | undefined; readonly version: number } | undefined> {
    const found = await this.#orUndefined<Value>(this.apiPath("data", path), this.#sessions.of(path));
    if (found === undefined) return undefined;
    const value = found.data?.value;
    return { value: typeof value === "string" ? new Redacted(value) : undefined, version: found.metadata.version };
  }

  /** `cas` is the version that was read; 0 for none. @returns the new version. @throws CasMismatch */
  async write(path: string, value: Redacted, cas: number): Promise<number> {
    const body = { options: { cas }, data: { value: value.reveal() } };
    const session = this.#sessions.of(path);
    try {
      const options = { session, body, inHand: true };
      type Answer = { readonly data: Value["metadata"] };
      return (await this.#vault.call<Answer>("POST", this.apiPath("data", path), options)).data.version;
    } catch (error) {
      if (error instanceof VaultError && error.says("check-and-set parameter did not match")) {
        throw new CasMismatch(error.message, { cause: error });
      }
      throw error;
    }
  }

  /** Replaces the custom metadata, and from now on refuses writes without CAS to this path; other paths are not touched. */
  async record(path: string, customMetadata: Readonly<Record<string, string>>): Promise<void> {
    await this.#vault.call("POST", this.apiPath("metadata", path), {
      session: this.#sessions.of(path),
      body: { cas_required: true, custom_metadata: customMetadata },
      inHand: true,
    });
  }

  /** @returns the answer's `data`; `undefined` if there is no such path. */
  async #orUndefined<T>(apiPath: string, session: VaultSession): Promise<T | undefined> {
    try {
      return (await this.#vault.call<{ data: T }>("GET", apiPath, { session })).data;
    } catch (error) {
      if (!(error instanceof VaultError) || error.status !== 404) throw error;
      if (!error.says("no handler for route")) return undefined;
      throw new BootstrapFailure(
        "bad-configuration",
        `Vault has no KV v2 mount ${this.#mount}/`,
        "ameide-secrets up --stack <stack> creates it; if it should exist already, check that this is the right Vault",
        { cause: error },
      );
    }
  }
}

/** `deletion_time` is in the future if `delete_version_after` is set. */
function isPast(deletionTime: string): boolean {
  return deletionTime !== "" && Date.parse(deletionTime) <= Date.now();
}
