import { errorFinding, type Finding } from "../finding.ts";
import { normalise, pathIn, pathInEach, sanitise, unprefixedKeyVaultName, vaultPathOf } from "../names.ts";
import { nearest } from "../nearest.ts";
import { formatPath, type KeyPath } from "../schema-findings.ts";
import { environmentNames, type Stage } from "../stage.ts";
import { checkAuthority } from "./authority.ts";
import {
  externalSecretName,
  existsIn,
  sourcesOf,
  type Catalogue,
  type CatalogueDelivery,
  type CatalogueSecret,
} from "./catalogue.ts";
import { isFixture } from "./fixtures.ts";
import { classify, clusterOwnerOf } from "./lookup.ts";

type Report = (code: string, stage: Stage, path: KeyPath, problem: string, fix: string) => void;

class FirstOwners {
  readonly #owners = new Map<string, string>();

  /** @returns the first owner of `name`, if it is another than `owner`. */
  claim(name: string, owner: string): string | undefined {
    const first = this.#owners.get(name);
    if (first === undefined) this.#owners.set(name, owner);
    return first === owner ? undefined : first;
  }
}

/**
 * Entries that contradict each other, which no schema can see. All findings at once, each with both culprits.
 * @param whereOf - `file:line` of a key path. @default - findings have the key path only
 */
export function checkCatalogue(catalogue: Catalogue, whereOf?: (path: KeyPath) => string): readonly Finding[] {
  const findings: Finding[] = [];
  const report: Report = (code, stage, path, problem, fix) => {
    findings.push(errorFinding(code, stage, formatPath(path), problem, fix, whereOf?.(path)));
  };
  for (const check of [checkSecrets, checkClusterManaged, checkKeycloakClients, checkDeliveries, checkRetired]) {
    check(catalogue, report);
  }
  return findings;
}

type Named = readonly (readonly [label: string, name: string])[];

function checkSecrets(catalogue: Catalogue, report: Report): void {
  const names = new FirstOwners();
  const keyVaultNames = new FirstOwners();
  const vaultPaths = new FirstOwners();
  for (const [name, secret] of Object.entries(catalogue.secrets)) {
    const path = ["secrets", name];
    for (const [label, own] of namesOf(name, secret)) {
      const first = names.claim(own, name);
      if (first === undefined) continue;
      const problem = `${label} of ${name} and a name of ${first} both become "${own}"`;
      report("catalogue-names-meet", "dotenv", path, problem, "rename one of the two");
    }
    const vaultPath = vaultPathOf(name, secret);
    const sameVault = vaultPaths.claim(normalise(vaultPath), name);
    if (sameVault !== undefined) {
      const problem = `${sameVault} and ${name} are both stored at ${vaultPath} in Vault`;
      report("catalogue-vault-paths-meet", "vault", path, problem, "give one of them another vault path");
    }
    checkOwners(name, secret, catalogue, report);
    if (secret.authority !== "external") continue;
    const keyVault = unprefixedKeyVaultName(name, secret);
    const sameKeyVault = keyVaultNames.claim(keyVault, name);
    if (sameKeyVault !== undefined) {
      const problem = `${sameKeyVault} and ${name} are both stored as ${keyVault} in Key Vault`;
      report("catalogue-key-vault-names-meet", "key-vault", path, problem, "give one of them another keyVault");
    }
    for (const [target, { keys, producer }] of Object.entries(catalogue.inClusterDeliveries)) {
      const paths = Object.values(keys).flatMap(pathInEach).map(normalise);
      if (!paths.includes(normalise(vaultPath))) continue;
      // they would overwrite each other's value
      const problem = `${name} is stored at ${normalise(vaultPath)} in Vault, but inClusterDeliveries.${target} declares that ${producer} writes this path`;
      const fix = "give the secret another vault path, or declare the delivery under deliveries";
      report("catalogue-written-by-producer", "vault", path, problem, fix);
    }
    for (const environment of (secret.required ?? []).filter((one) => !existsIn(secret, one))) {
      const problem = `${name} is required in ${environment}, but ${environment} is not one of its environments`;
      const fix = `add ${environment} to its environments, or remove it from required`;
      report("catalogue-required-elsewhere", "bootstrap", [...path, "required"], problem, fix);
    }
    if (secret.fixture !== undefined && !isFixture(secret.fixture, catalogue.fixtures)) {
      const problem = `the fixture of ${name} is not in fixtures.values, so no check would recognise it as a fixture`;
      const fix = "add it there if it is publicly known; a real value must never be in this file";
      report("catalogue-fixture-unknown", "bootstrap", [...path, "fixture"], problem, fix);
    }
  }
}

function namesOf(name: string, secret: CatalogueSecret): Named {
  const variable = secret.authority === "external" ? [["variable", sanitise(secret.env)] as const] : [];
  const aliases = (secret.aliases ?? []).map((alias) => [`alias ${alias}`, normalise(alias)] as const);
  return [["the name", normalise(name)], ...variable, ...aliases];
}

/**
 * A secret must not use a name that something in the cluster owns: its exact name would hide the owner from every rule.
 * Only its own name may be an exception to a pattern (`add --over-pattern`), never its path or an alias.
 */
function checkOwners(name: string, secret: CatalogueSecret, catalogue: Catalogue, report: Report): void {
  const exception = clusterOwnerOf(catalogue, name);
  const { vault } = secret;
  const elsewhere = [
    ["the Key Vault name", secret.authority === "external" ? secret.keyVault : undefined],
    ["the Vault path", vault],
    // rules judge a path by its last part too
    ["the last part of the Vault path", vault?.includes("/") === true ? vault.split("/").at(-1) : undefined],
  ] as const;
  for (const [label, given] of [...namesOf(name, secret), ...elsewhere]) {
    const own = given === undefined ? "" : normalise(given);
    const owner = own === "" ? undefined : clusterOwnerOf(catalogue, own);
    if (owner === undefined) continue;
    const isPattern = owner.by === "pattern";
    if (isPattern && (own === normalise(name) || exception?.entry === owner.entry)) continue;
    const entry = isPattern ? owner.authority : `${owner.entry} (${owner.authority})`;
    const by = isPattern ? ` by the pattern ${owner.entry}` : "";
    const problem = `${label} of ${name}, "${own}", is ${entry} under clusterManaged${by}`;
    const fix = "remove it here if its owner creates it in the cluster, or there if it comes from outside";
    report("catalogue-cluster-managed", "key-vault", ["secrets", name], problem, fix);
  }
}

function checkClusterManaged({ clusterManaged }: Catalogue, report: Report): void {
  const owners = new FirstOwners();
  for (const [index, { name, pattern, aliases = [], authority }] of clusterManaged.entries()) {
    const entry = `${name ?? pattern ?? ""} (${authority}, entry ${index + 1})`;
    for (const own of [name, pattern, ...aliases].filter((one) => one !== undefined)) {
      const first = owners.claim(normalise(own), entry);
      if (first === undefined) continue;
      const problem = `${own} of ${entry} is already a name of ${first}`;
      report("catalogue-owned-twice", "vault", ["clusterManaged", index], problem, "keep one of the two");
    }
  }
}

function checkKeycloakClients(catalogue: Catalogue, report: Report): void {
  const claimed = new FirstOwners();
  for (const [index, { clientId, vaultKey }] of catalogue.keycloakClients.entries()) {
    const path = ["keycloakClients", index];
    const entry = `${clientId} (entry ${index + 1})`;
    for (const label of [`client ${clientId}`, `Vault key ${vaultKey}`]) {
      const first = claimed.claim(label, entry);
      if (first === undefined) continue;
      const problem = `${label} is declared twice, by ${first} and ${entry}`;
      report("catalogue-client-twice", "vault", path, problem, "keep one of the two");
    }
    const { authority, kind } = classify(catalogue, vaultKey);
    if (authority === "keycloak") continue;
    const problem = `the patcher would write ${vaultKey}, which is ${authority ?? kind}, not keycloak`;
    const fix = "use the Vault key of a Keycloak client, declared under clusterManaged with authority keycloak";
    report("catalogue-client-foreign-key", "vault", path, problem, fix);
  }
}

function checkRetired(catalogue: Catalogue, report: Report): void {
  for (const [name, { use }] of Object.entries(catalogue.retired)) {
    const path = ["retired", name];
    const known = classify(catalogue, name);
    if (!name.includes("*") && known.kind !== "unknown" && known.kind !== "retired") {
      const problem = `${name} is retired, but also a name of ${known.entry}`;
      report("catalogue-retired-in-use", "dotenv", path, problem, "keep one of the two");
    }
    if (use !== undefined && !use.includes("*") && classify(catalogue, use).kind === "unknown") {
      const problem = `${name} says to use ${use}, which is not in the catalogue`;
      const fix = "set use to an existing name, or remove it";
      report("catalogue-retired-use-unknown", "dotenv", [...path, "use"], problem, fix);
    }
  }
}

function checkDeliveries(catalogue: Catalogue, report: Report): void {
  const { deliveries, inClusterDeliveries } = catalogue;
  const claimed = new FirstOwners();
  for (const [target, delivery] of Object.entries(deliveries)) {
    const path = ["deliveries", target];
    const other = inClusterDeliveries[target];
    if (other !== undefined) {
      const problem = `${target} is declared twice, under deliveries and under inClusterDeliveries (producer ${other.producer})`;
      report("catalogue-target-twice", "external-secret", path, problem, "keep one of the two");
    }
    for (const [key, name] of sourcesOf(delivery)) checkSource(delivery, key, name, path, catalogue, report);
  }
  const declared = [
    ...Object.entries(inClusterDeliveries).map(([target, one]) => ["inClusterDeliveries", target, one] as const),
    ...Object.entries(deliveries).map(([target, one]) => ["deliveries", target, one] as const),
  ];
  for (const [section, target, one] of declared) {
    const path = [section, target];
    const externalSecret = externalSecretName(target, one);
    checkTarget(target, path, catalogue, report);
    const first = claimed.claim(externalSecret, target);
    if (first === undefined) continue;
    const problem = `the ExternalSecret ${externalSecret} creates both ${first} and ${target}`;
    const fix = "give one of them another externalSecret";
    report("catalogue-external-secret-twice", "external-secret", path, problem, fix);
  }
  for (const [target, { keys }] of Object.entries(inClusterDeliveries)) {
    for (const [key, vaultPath] of Object.entries(keys)) {
      const { authority } = classify(catalogue, pathIn(environmentNames[0], vaultPath));
      const check = checkAuthority("external-secret", authority, { "as-declared": true });
      if (check.ok) continue;
      const path = ["inClusterDeliveries", target, "keys", key];
      const problem = `${target} reads ${vaultPath}: ${check.reason}`;
      report("catalogue-delivery-refused", "external-secret", path, problem, check.fix);
    }
  }
}

function checkSource(
  delivery: CatalogueDelivery,
  key: string,
  name: string,
  path: readonly string[],
  catalogue: Catalogue,
  report: Report,
): void {
  const target = path.at(-1);
  const at = delivery.keys === undefined ? [...path, key] : [...path, "keys", key];
  const refuse = (code: string, problem: string, fix: string) => report(code, "external-secret", at, problem, fix);
  const secret = catalogue.secrets[name];
  if (secret !== undefined) {
    const missing = environmentNames.filter((one) => existsIn(delivery, one) && !existsIn(secret, one));
    if (missing.length === 0) return;
    const problem = `${target} is delivered in ${missing.join(", ")}, where ${name} does not exist`;
    const fix = `give the delivery the environments of ${name}, or add them to ${name}`;
    refuse("catalogue-delivery-elsewhere", problem, fix);
    return;
  }
  const known = classify(catalogue, name);
  if (known.kind === "unknown") {
    const close = nearest(name, Object.keys(catalogue.secrets));
    const fix = `${close === undefined ? "" : `did you mean ${close}? otherwise `}add ${name} under secrets`;
    refuse("catalogue-delivery-unknown", `${target} reads ${name}, which is not under secrets`, fix);
    return;
  }
  const check = checkAuthority("external-secret", known.authority);
  const problem = `${target} reads ${name}, which is ${known.authority ?? known.kind}${check.ok ? "" : `: ${check.reason}`}`;
  const fix = "remove it, or declare the delivery under inClusterDeliveries with its producer";
  refuse("catalogue-delivery-refused", problem, known.by === "alias" ? `read ${known.entry}` : fix);
}

/** A target that something in the cluster creates, which would then have two writers. */
function checkTarget(target: string, path: readonly string[], catalogue: Catalogue, report: Report): void {
  const owner = clusterOwnerOf(catalogue, target);
  if (owner === undefined || checkAuthority("target-secret", owner.authority, { "as-declared": true }).ok) return;
  if (owner.by === "pattern" && path[0] === "inClusterDeliveries") return;
  const by = owner.by === "pattern" ? ` by the pattern ${owner.entry}` : "";
  const problem = `the target ${target} belongs to ${owner.authority}${by}`;
  const fix = "choose another target, or leave the Secret to its owner";
  report("catalogue-target-owned", "external-secret", path, problem, fix);
}
