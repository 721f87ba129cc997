import type { Redacted } from "../domain/redacted.ts";

export interface SourceItem {
  readonly name: string;
  /** A disabled secret has no value to give. */
  readonly enabled: boolean;
  /** Changes whenever the value does. */
  readonly stamp: string;
  /** ISO 8601. @default - it does not expire */
  readonly expiresAt?: string;
  /** Whether that has passed, by the source's own clock. @default false */
  readonly expired?: boolean;
  /** Whether a later change would show in the stamp; a change within the same second would not. */
  readonly settled: boolean;
}

export interface SourceValue {
  readonly value: Redacted;
  readonly version: string;
  readonly stamp: string;
  readonly settled: boolean;
}

export interface SecretSource {
  /** For messages, such as `Key Vault https://ameidekv.vault.azure.net/`. */
  readonly description: string;
  list(): Promise<ReadonlyMap<string, SourceItem>>;
  /** @returns `undefined` where it went away since it was listed. */
  read(name: string): Promise<SourceValue | undefined>;
  /** Whether `value` is that of an earlier version: then it came from here, whoever carried it. */
  heldBefore(name: string, value: Redacted): Promise<boolean>;
  readonly calls: number;
}
