import {
  customMetadataKeys,
  managedByBootstrap,
  type BootstrapCause,
  type BootstrapConfig,
  type BootstrapSecretStatus,
} from "../domain/bootstrap-config.ts";
import { isFixture, isPlaceholder, isSample } from "../domain/catalogue/fixtures.ts";
import type { Redacted } from "../domain/redacted.ts";
import { BootstrapFailure } from "./failure.ts";
import type { SourceItem, SourceValue } from "./source.ts";
import type { VaultState } from "./vault-kv.ts";

/** One value that is carried to one path; an external one has a name in the source. */
export type CarriedSecret = BootstrapConfig["secrets"][number];

export interface Outcome extends Omit<BootstrapSecretStatus, "name" | "path"> {
  readonly secret: CarriedSecret;
  /** What the run ends with: of a secret that `failed`, or that was `written` and could not be recorded. */
  readonly cause?: Exclude<BootstrapCause, "ok">;
}

/**
 * Includes the extra copies.
 * @throws BootstrapFailure `bad-configuration` if two write one path, or an external one has no source.
 */
export function carriedSecrets({ secrets, mappedSecrets }: BootstrapConfig): CarriedSecret[] {
  const copies = mappedSecrets.map(({ from, to }): CarriedSecret => ({
    name: `${from} -> ${to}`,
    authority: "external",
    source: from,
    path: to,
    required: false,
  }));
  const carried = [...secrets, ...copies];
  const byPath = new Map<string, string>();
  const problems: string[] = [];
  for (const { name, path, authority, source } of carried) {
    const other = byPath.get(path);
    if (other !== undefined) problems.push(`${other} and ${name} both write ${path}`);
    byPath.set(path, name);
    if (authority === "external" && source === undefined) problems.push(`${name} is external and has no source`);
  }
  if (problems.length === 0) return carried;
  throw new BootstrapFailure(
    "bad-configuration",
    problems.join("; "),
    "give each secret and each entry of mappedSecrets its own path and a name in the source",
  );
}

export interface Facts {
  readonly vault: VaultState;
  /** As the source lists it; left out where it does not. */
  readonly item?: SourceItem;
  /** Left out where it was not read. */
  readonly source?: SourceValue;
  /** What Vault's current version holds; left out where it was not read, or has no text in `value`. */
  readonly held?: Redacted;
  /** Whether `held` is the value of an earlier version of the source's secret. */
  readonly heldBefore?: boolean;
}

export type Rules = Pick<
  BootstrapConfig,
  "environment" | "fixtures" | "fixturesAllowed" | "expiredRefused" | "claimUnmarked"
>;

export type Action =
  | {
      readonly kind: "leave";
      readonly outcome: "unchanged" | "kept" | "failed";
      readonly reason?: string;
      /** What the run ends with; `failed` only. */
      readonly cause?: Exclude<BootstrapCause, "ok">;
    }
  /** The value is right; what we recorded of it is not there or not up to date. */
  | { readonly kind: "record" }
  /** `cas`: the version that was read; 0 for none. */
  | { readonly kind: "write"; readonly origin: "source" | "generated" | "fixture"; readonly cas: number };

const keys = customMetadataKeys;

export function readsFor(secret: CarriedSecret, { vault, item }: Facts): { source: boolean; vault: boolean } {
  if (foreignOwner(vault) !== undefined) return { source: false, vault: false };
  if (secret.authority === "generated") return { source: false, vault: vault.live && !isOurs(vault) };
  if (item === undefined || !item.enabled || isProvenUnchanged(vault, item)) return { source: false, vault: false };
  return { source: true, vault: vault.live };
}

/** Whether stamp and version prove that the source and Vault still have what the last run carried. */
export function isProvenUnchanged(vault: VaultState, item: SourceItem): boolean {
  const { customMetadata: record, currentVersion } = vault;
  return (
    isOurs(vault) &&
    vault.live &&
    vault.casRequired &&
    item.settled &&
    record[keys.sourceUpdated] === item.stamp &&
    record[keys.vaultVersion] === String(currentVersion)
  );
}

/** Whether {@link Facts.heldBefore} decides: an unmarked value that is neither the source's nor a marker. */
export function needsProvenance(secret: CarriedSecret, facts: Facts, rules: Rules): boolean {
  const { vault, source, held } = facts;
  if (rules.claimUnmarked || source === undefined || held === undefined || isOurs(vault)) return false;
  return faultOfSource(secret, facts, rules) === undefined && !isSame(held, source) && !isMarker(secret, held, rules);
}

export function decide(secret: CarriedSecret, facts: Facts, rules: Rules): Action {
  const owner = foreignOwner(facts.vault);
  if (owner !== undefined) return { kind: "leave", outcome: "kept", reason: `managed by ${owner}` };
  return secret.authority === "generated" ? decideGenerated(facts, rules) : decideExternal(secret, facts, rules);
}

function decideGenerated({ vault, held }: Facts, rules: Rules): Action {
  if (vault.currentVersion === 0) return { kind: "write", origin: "generated", cas: 0 };
  if (!vault.live) {
    return {
      kind: "leave",
      outcome: "kept",
      reason: "its latest version is deleted, which does not count as absent; restore it with vault kv undelete",
    };
  }
  if (held !== undefined && isPlaceholder(held.reveal(), rules.fixtures)) {
    return { kind: "leave", outcome: "kept", reason: "holds a placeholder; delete its metadata to have it generated" };
  }
  return { kind: "leave", outcome: "unchanged" };
}

function decideExternal(secret: CarriedSecret, facts: Facts, rules: Rules): Action {
  const { vault, item, source, held } = facts;
  const fault = faultOfSource(secret, facts, rules);
  if (fault?.kind === "no-value") return decideWithoutSource(secret, facts, rules, fault.text);
  if (fault !== undefined) return { kind: "leave", outcome: "failed", reason: fault.text, cause: "value-refused" };
  if (item !== undefined && source === undefined) return { kind: "leave", outcome: "unchanged" };
  const write: Action = { kind: "write", origin: "source", cas: vault.currentVersion };
  if (!vault.live) return write;
  if (source !== undefined && held !== undefined && isSame(held, source)) return { kind: "record" };
  if (isOurs(vault) || rules.claimUnmarked || facts.heldBefore === true) return write;
  if (held !== undefined && isMarker(secret, held, rules)) return write;
  return {
    kind: "leave",
    outcome: "failed",
    cause: "conflict",
    reason:
      "has a value that neither vault-bootstrap nor the source wrote; set bootstrap.claimUnmarked to overwrite it",
  };
}

/** Absence is never a change: a value that we carried stays, whatever becomes of its source. */
function decideWithoutSource(secret: CarriedSecret, { vault }: Facts, rules: Rules, fault: string): Action {
  if (vault.live) return { kind: "leave", outcome: "unchanged", reason: `${fault}; the value in Vault stays` };
  const isNew = vault.currentVersion === 0;
  if (isNew && secret.fixture !== undefined && rules.fixturesAllowed)
    return { kind: "write", origin: "fixture", cas: 0 };
  return { kind: "leave", outcome: "unchanged", reason: `${fault}, and Vault has no value` };
}

interface SourceFault {
  /** `no-value`: there is nothing to carry. `refused`: there is, and it must not be. */
  readonly kind: "no-value" | "refused";
  readonly text: string;
}

/** Why the source's value cannot be carried; `undefined` where it can, or was proven unchanged. */
export function faultOfSource(
  { source: name = "" }: CarriedSecret,
  { item, source, held }: Facts,
  { fixtures, fixturesAllowed, expiredRefused, environment }: Rules,
): SourceFault | undefined {
  if (item === undefined) return { kind: "no-value", text: `the source has no ${name}` };
  if (!item.enabled) return { kind: "no-value", text: `${name} is disabled in the source` };
  if (source === undefined) return undefined;
  const value = source.value.reveal();
  if (value.trim() === "") return { kind: "refused", text: `${name} is empty in the source` };
  if (isPlaceholder(value, fixtures)) return { kind: "refused", text: `${name} is a placeholder in the source` };
  if (isFixture(value, fixtures) && !fixturesAllowed) {
    return { kind: "refused", text: `${name} is a known fixture in the source, which ${environment} refuses` };
  }
  if (isSample(value) && environment !== "local") {
    return { kind: "refused", text: `${name} is a sample value in the source, which ${environment} refuses` };
  }
  const isInVault = held !== undefined && isSame(held, source);
  if (item.expired === true && expiredRefused && !isInVault) {
    return {
      kind: "refused",
      text: `${name} expired in the source at ${item.expiresAt}, and ${environment} refuses it`,
    };
  }
  return undefined;
}

function isOurs({ customMetadata }: VaultState): boolean {
  return customMetadata[keys.managedBy] === managedByBootstrap;
}

function foreignOwner({ customMetadata }: VaultState): string | undefined {
  const owner = customMetadata[keys.managedBy];
  return owner === managedByBootstrap ? undefined : owner;
}

function isSame(held: Redacted, { value }: SourceValue): boolean {
  return held.reveal() === value.reveal();
}

/** No value of anybody's: a placeholder or a development value that was seeded. */
function isMarker({ fixture }: CarriedSecret, held: Redacted, { fixtures }: Rules): boolean {
  const value = held.reveal();
  return isPlaceholder(value, fixtures) || isFixture(value, fixtures) || value === fixture || value.trim() === "";
}

/** Metadata written with the data: who owns it, and how the next run sees that it is unchanged. */
export function recordFor(
  secret: CarriedSecret,
  { vault, source }: Pick<Facts, "vault" | "source">,
  vaultVersion: number,
): Record<string, string> {
  const { [keys.sourceVersion]: _version, [keys.sourceUpdated]: _updated, ...others } = vault.customMetadata;
  return {
    ...others,
    [keys.managedBy]: managedByBootstrap,
    [keys.authority]: secret.authority,
    [keys.vaultVersion]: String(vaultVersion),
    ...(source === undefined
      ? {}
      : {
          [keys.sourceVersion]: source.version,
          // an unsettled stamp must not match the next list: the next run then reads the value again
          [keys.sourceUpdated]: source.settled ? source.stamp : `${source.stamp} (unsettled)`,
        }),
  };
}

export function isRecorded(
  { customMetadata, casRequired }: VaultState,
  record: Readonly<Record<string, string>>,
): boolean {
  const names = Object.keys(record);
  const isWhole = names.length === Object.keys(customMetadata).length;
  return casRequired && isWhole && names.every((name) => customMetadata[name] === record[name]);
}
