import type { PlannedSecret } from "../domain/plan/environment.ts";
import { named, valuesOf, type Fingerprint, type Observed, type Snapshot } from "./snapshot.ts";
import type { Stage } from "../domain/stage.ts";
import { UserError } from "../domain/user-error.ts";
import { pathBelowMount } from "../domain/names.ts";
import { nearest } from "../domain/nearest.ts";
import { customMetadataKeys } from "../domain/bootstrap-config.ts";
import { deliveriesOf, type Expectation } from "./explain/view.ts";
import { withNames } from "./fill-names.ts";

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
  /** Whether it has the same value as the step before. @default - one of the two could not be read */
  readonly sameAsBefore?: boolean;
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

/** Compares by keyed hash. @param snapshot - one that compared values. @throws UserError if there is no such secret */
export function lineage(snapshot: Snapshot, expected: Expectation, name: string): Lineage {
  const secret = plannedSecret(expected, name);
  let source: string | undefined;
  const hops = [
    ...dotenvHops(snapshot, secret),
    ...keyVaultHops(snapshot, expected, secret),
    vaultHop(snapshot, expected, secret),
    ...targetHops(snapshot, expected, secret),
  ].map((hop): LineageHop => {
    const before = source;
    if (hop.stage !== "external-secret") source = hop.digest ?? source;
    if (before === undefined || (hop.digest === undefined && hop.state !== "absent")) return hop;
    return { ...hop, sameAsBefore: before === hop.digest };
  });
  const first = hops.find(({ sameAsBefore }) => sameAsBefore === false);
  return {
    name,
    hops,
    ...(first && { firstDifference: first.place, fix: withNames(carriers[first.stage], expected) }),
    unproven: hops
      .filter(({ state, digest }) => state === "unknown" || (state === "held" && digest === undefined))
      .map(({ place, note = "it could not be read" }) => `${place}: ${note}`),
  };
}

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

function dotenvHops({ dotenv }: Snapshot, { keyVaultName, variable }: PlannedSecret): readonly LineageHop[] {
  if (keyVaultName === undefined || (!dotenv.ok && dotenv.failure.kind === "not-asked")) return [];
  const found = valuesOf(dotenv).find((one) => one.keyVaultName === keyVaultName);
  return [hop("dotenv", `.env ${variable ?? keyVaultName}`, dotenv, found && held(found.fingerprint))];
}

function keyVaultHops(
  { keyVault }: Snapshot,
  { azure, bootstrap, strictness }: Expectation,
  { keyVaultName }: PlannedSecret,
): readonly LineageHop[] {
  if (keyVaultName === undefined || bootstrap.config.source.type !== "azure-key-vault") return [];
  const found = valuesOf(keyVault).find(({ name }) => name === keyVaultName);
  const unmarked =
    strictness.values === "state" ? "Pulumi or another writer, no metadata" : "another writer, no metadata";
  const described = found && {
    ...held(found.fingerprint),
    ...(found.version !== undefined && { version: found.version }),
    ...changed(found.createdAt ?? found.updatedAt),
    writer: found.managedBy ?? unmarked,
  };
  return [hop("key-vault", `Key Vault ${azure.keyVault}/${keyVaultName}`, keyVault, described)];
}

function vaultHop(
  { vault, pushSecrets }: Snapshot,
  { vault: { mount } }: Expectation,
  { vaultPath }: PlannedSecret,
): LineageHop {
  const found = valuesOf(vault.secrets).find(({ path, state }) => path === vaultPath && state === "live");
  const pushers = valuesOf(pushSecrets)
    .filter(({ paths }) => paths.some((path) => pathBelowMount(path, mount) === vaultPath))
    .map(({ namespace, name }) => `PushSecret ${namespace}/${name} also writes it`);
  const refused = vault.unreadData && `${vault.unreadData.asked}: ${vault.unreadData.message}`;
  const described = found && {
    ...held(found.fingerprint, refused),
    version: String(found.version),
    ...changed(found.writtenAt),
    writer: [writerOf(found.customMetadata, found.version), ...pushers].join("; "),
  };
  return hop("vault", `Vault ${mount}/${vaultPath}`, vault.secrets, described);
}

/** The mark is at the path and not at the version: another writer leaves it unchanged. */
function writerOf(metadata: Readonly<Record<string, string>>, version: number): string {
  const { [customMetadataKeys.managedBy]: owner, [customMetadataKeys.vaultVersion]: ours } = metadata;
  if (owner === undefined) return "another writer, no metadata";
  return ours === undefined || ours === String(version) ? owner : `another writer, after version ${ours} of ${owner}`;
}

function targetHops(
  { secrets, externalSecrets }: Snapshot,
  expected: Expectation,
  { name }: PlannedSecret,
): readonly LineageHop[] {
  return deliveriesOf(expected, name).flatMap((delivery) => {
    const { namespace, target, keys } = delivery;
    const found = named(secrets, { namespace, name: target });
    const kind = named(externalSecrets, delivery)?.targetKind;
    return keys
      .filter(({ secret }) => secret === name)
      .map(({ secretKey }) => {
        const print = found?.keys[secretKey];
        const place = `Secret ${namespace}/${target} ${secretKey}`;
        const owner = found?.owner;
        const described = print && { ...held(print), ...changed(found?.changedAt), ...(owner && { writer: owner }) };
        const end = hop("external-secret", place, secrets, described);
        return end.state === "absent" && kind !== undefined
          ? { ...end, note: `${delivery.name} writes a ${kind} instead (target.manifest)` }
          : end;
      });
  });
}

/** To the second: not every place records more. */
function changed(at: string | undefined): Pick<LineageHop, "changedAt"> {
  return at === undefined || at === "" ? {} : { changedAt: at.replace(/\.\d+Z$/, "Z") };
}

function held(print: Fingerprint | undefined, why = "its value was not read"): Pick<LineageHop, "digest" | "note"> {
  return print === undefined ? { note: why } : { digest: print.digest };
}

/** @param found - what is known of it there; `undefined` if it was not found. */
function hop(
  stage: LineageHop["stage"],
  place: string,
  part: Observed<unknown>,
  found: Partial<LineageHop> | undefined,
): LineageHop {
  if (!part.ok) return { stage, place, state: "unknown", note: part.failure.message };
  return { stage, place, state: found === undefined ? "absent" : "held", ...found };
}
