import type { PlannedSecret } from "../domain/plan/environment.ts";
import type { Fingerprint, Observed, Snapshot } from "./snapshot.ts";
import type { Stage } from "../domain/stage.ts";
import { UserError } from "../domain/user-error.ts";
import { pathBelowMount } from "../domain/names.ts";
import { nearest } from "../domain/nearest.ts";
import { customMetadataKeys } from "../domain/bootstrap-config.ts";
import type { Expectation } from "./explain/view.ts";
import { withNames } from "./fill-names.ts";

/** One place that holds the secret, or should. */
export interface LineageHop {
  readonly stage: Extract<Stage, "dotenv" | "key-vault" | "vault" | "external-secret">;
  /** Such as `Key Vault ameidekv/ghcr-token`. */
  readonly place: string;
  readonly state: "held" | "absent" | "unknown";
  /** Of this place, such as Vault's `3`. */
  readonly version?: string;
  /** ISO 8601. */
  readonly changedAt?: string;
  /** Who wrote it, as far as it is recorded. */
  readonly writer?: string;
  /** Keyed hash, comparable within this lineage alone. */
  readonly digest?: string;
  /**
   * Whether it has the same value as the step before; false if it has none. Undefined if one of the two could not be
   * read.
   */
  readonly sameAsBefore?: boolean;
  /** Why it is unknown. */
  readonly note?: string;
}

export interface Lineage {
  readonly name: string;
  readonly hops: readonly LineageHop[];
  /** The first place with a value that differs from the place before, or without one. */
  readonly firstDifference?: string;
  /** What carries the value to that place, with this stack's names in it. */
  readonly fix?: string;
  /** Places with an unreadable value, each with the reason: they may differ. */
  readonly unproven: readonly string[];
}

/**
 * Follows one secret from `.env` to every Kubernetes Secret that holds it, by keyed hash. The snapshot must have compared
 * values.
 *
 * @param name - of the catalogue, such as `ghcr-token`.
 * @throws UserError when the environment has no such secret.
 */
export function lineage(snapshot: Snapshot, expected: Expectation, name: string): Lineage {
  const secret = plannedSecret(expected, name);
  const straight = [
    dotenvHop(snapshot, secret),
    keyVaultHop(snapshot, expected, secret),
    vaultHop(snapshot, expected, secret),
  ];
  const line = compared(straight.filter((hop) => hop !== undefined));
  const source = line.findLast(({ digest }) => digest !== undefined);
  const ends = targetHops(snapshot, expected, secret).map((hop) =>
    source === undefined ? hop : comparedWith(source, hop),
  );
  const hops = [...line, ...ends];
  const first = hops.find(({ sameAsBefore }) => sameAsBefore === false);
  const unproven = hops.filter(isUnproven).map(({ place, note = "it could not be read" }) => `${place}: ${note}`);
  if (first === undefined) return { name, hops, unproven };
  return { name, hops, firstDifference: first.place, fix: withNames(carriers[first.stage], expected), unproven };
}

/** What carries a value to a place of each stage. */
const carriers: Readonly<Record<LineageHop["stage"], string>> = {
  dotenv: "put the value into .env",
  "key-vault": "ameide-secrets env push --stack shared",
  vault: "ameide-secrets bootstrap run --stack <stack> && ameide-secrets resync --stack <stack>",
  "external-secret": "ameide-secrets resync --stack <stack>",
};

/** The lineages of every secret that differs somewhere, or may: what could not be read is not proven to be the same. */
export function drift(snapshot: Snapshot, expected: Expectation): readonly Lineage[] {
  return expected.plan.secrets
    .map(({ name }) => lineage(snapshot, expected, name))
    .filter(({ firstDifference, unproven }) => firstDifference !== undefined || unproven.length > 0);
}

/** @throws UserError with the nearest name. */
export function plannedSecret({ plan, name: environment }: Expectation, name: string): PlannedSecret {
  const found = plan.secrets.find((secret) => secret.name === name);
  if (found !== undefined) return found;
  const close = nearest(name, plan.secrets.map((secret) => secret.name)); // prettier-ignore
  throw UserError.of(
    "secret-unknown",
    `${environment} has no secret ${name}`,
    close === undefined
      ? `list them with: ameide-secrets doctor --stack ${environment} --json`
      : `did you mean ${close}?`,
  );
}

function dotenvHop({ dotenv }: Snapshot, { keyVaultName, variable }: PlannedSecret): LineageHop | undefined {
  if (keyVaultName === undefined || (!dotenv.ok && dotenv.failure.kind === "not-asked")) return undefined;
  const place = `.env ${variable ?? keyVaultName}`;
  return hop(
    "dotenv",
    place,
    dotenv,
    ({ keyVaultName: name }) => name === keyVaultName,
    ({ fingerprint }) => held(fingerprint),
  );
}

function keyVaultHop(
  { keyVault }: Snapshot,
  { azure, bootstrap, strictness }: Expectation,
  { keyVaultName }: PlannedSecret,
): LineageHop | undefined {
  if (keyVaultName === undefined || bootstrap.config.source.type !== "azure-key-vault") return undefined;
  const place = `Key Vault ${azure.keyVault}/${keyVaultName}`;
  return hop("key-vault", place, keyVault, ({ name }) => name === keyVaultName, ({ version, createdAt, updatedAt, managedBy, fingerprint }) => ({
    ...held(fingerprint),
    ...(version === undefined ? {} : { version }),
    ...changed(createdAt ?? updatedAt),
    writer: managedBy ?? (strictness.values === "state" ? "Pulumi, or another: unmarked" : "another writer, unmarked"),
  })); // prettier-ignore
}

function vaultHop(
  { vault, pushSecrets }: Snapshot,
  { vault: { mount } }: Expectation,
  { vaultPath }: PlannedSecret,
): LineageHop {
  const pushers = (pushSecrets.ok ? pushSecrets.value : [])
    .filter(({ paths }) => paths.some((path) => pathBelowMount(path, mount) === vaultPath))
    .map(({ namespace, name }) => `PushSecret ${namespace}/${name} writes it, too`);
  const place = `Vault ${mount}/${vaultPath}`;
  const isLive = ({ path, state }: { path: string; state: string }): boolean => path === vaultPath && state === "live";
  const refused = vault.unreadData === undefined ? undefined : `${vault.unreadData.asked}: ${vault.unreadData.message}`;
  return hop("vault", place, vault.secrets, isLive, ({ version, writtenAt, customMetadata, fingerprint }) => ({
    ...held(fingerprint, refused),
    version: String(version),
    ...changed(writtenAt),
    writer: [writerOf(customMetadata, version), ...pushers].join("; "),
  }));
}

/** The mark is at the path and not at the version: another writer leaves it unchanged. */
function writerOf(metadata: Readonly<Record<string, string>>, version: number): string {
  const { [customMetadataKeys.managedBy]: owner, [customMetadataKeys.vaultVersion]: ours } = metadata;
  if (owner === undefined) return "another writer, unmarked";
  return ours === undefined || ours === String(version) ? owner : `another writer, after version ${ours} of ${owner}`;
}

function targetHops(
  { secrets, externalSecrets }: Snapshot,
  { plan }: Expectation,
  { name }: PlannedSecret,
): readonly LineageHop[] {
  const live = externalSecrets.ok ? externalSecrets.value : [];
  return plan.deliveries.flatMap(({ namespace, name: externalSecret, target, keys }) => {
    const { targetKind } = live.find((one) => one.namespace === namespace && one.name === externalSecret) ?? {};
    const instead = targetKind && { note: `${externalSecret} writes a ${targetKind} instead (target.manifest)` };
    return keys
      .filter(({ secret }) => secret === name)
      .map(({ secretKey }) =>
        hop(
          "external-secret",
          `Secret ${namespace}/${target} ${secretKey}`,
          secrets,
          (one) => one.namespace === namespace && one.name === target && one.keys[secretKey] !== undefined,
          ({ keys: held_, changedAt, owner }) => ({
            ...held(held_[secretKey]),
            ...changed(changedAt),
            ...(owner === undefined ? {} : { writer: owner }),
          }),
        ),
      )
      .map((one) => (one.state === "absent" ? { ...one, ...instead } : one));
  });
}

/** To the second: not every place records more. */
function changed(at: string | undefined): Pick<LineageHop, "changedAt"> {
  return at === undefined || at === "" ? {} : { changedAt: at.replace(/\.\d+Z$/, "Z") };
}

function held(print: Fingerprint | undefined, why = "its value was not read"): Pick<LineageHop, "digest" | "note"> {
  return print === undefined ? { note: why } : { digest: print.digest };
}

function hop<T>(
  stage: LineageHop["stage"],
  place: string,
  part: Observed<readonly T[]>,
  is: (one: T) => boolean,
  describe: (one: T) => Partial<LineageHop>,
): LineageHop {
  if (!part.ok) return { stage, place, state: "unknown", note: part.failure.message };
  const found = part.value.find(is);
  return found === undefined ? { stage, place, state: "absent" } : { stage, place, state: "held", ...describe(found) };
}

function compared(hops: readonly LineageHop[]): readonly LineageHop[] {
  return hops.map((one, index) => {
    const before = hops.slice(0, index).findLast(({ digest }) => digest !== undefined);
    return before === undefined ? one : comparedWith(before, one);
  });
}

function isUnproven({ state, digest }: LineageHop): boolean {
  return state === "unknown" || (state === "held" && digest === undefined);
}

function comparedWith(before: LineageHop, one: LineageHop): LineageHop {
  if (before.digest !== undefined && one.state === "absent") return { ...one, sameAsBefore: false };
  if (before.digest === undefined || one.digest === undefined) return one;
  return { ...one, sameAsBefore: before.digest === one.digest };
}
