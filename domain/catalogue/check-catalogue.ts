import { existsIn, type Catalogue, type CatalogueSecret } from "./catalogue.ts";
import {
  catalogueError,
  checkDeliveries,
  checkInClusterDeliveries,
  FirstOwners,
  type CatalogueFinding,
} from "./check-deliveries.ts";
import { isFixture } from "./fixtures.ts";
import { classify, clusterOwnerOf } from "./lookup.ts";
import type { Finding } from "../finding.ts";
import { normalise, pathInEach, sanitise, unprefixedKeyVaultName, vaultPathOf } from "../names.ts";
import type { KeyPath } from "../schema-findings.ts";

/**
 * Entries that contradict each other, which no schema can see. All findings at once, each with both culprits.
 *
 * @param whereOf - `file:line` of a key path. @default - findings have the key path only
 */
export function checkCatalogue(catalogue: Catalogue, whereOf?: (path: KeyPath) => string): readonly Finding[] {
  return [
    ...checkSecrets(catalogue),
    ...checkClusterManaged(catalogue),
    ...checkKeycloakClients(catalogue),
    ...checkDeliveries(catalogue),
    ...checkInClusterDeliveries(catalogue),
    ...checkRetired(catalogue),
  ].map(({ path, ...finding }) => (whereOf === undefined ? finding : Object.assign(finding, { where: whereOf(path) })));
}

type Named = readonly (readonly [label: string, name: string])[];

/** Secrets with the same name or place, and claims that contradict each other. */
function checkSecrets(catalogue: Catalogue): readonly CatalogueFinding[] {
  const names = new FirstOwners();
  const keyVaultNames = new FirstOwners();
  const vaultPaths = new FirstOwners();

  return Object.entries(catalogue.secrets).flatMap(([name, secret]) => {
    const path = ["secrets", name];
    const found: CatalogueFinding[] = [];
    for (const [label, own] of namesOf(name, secret)) {
      const first = names.claim(own, name);
      if (first === undefined) continue;
      const problem = `${label} of ${name} and a name of ${first} both become "${own}"`;
      found.push(catalogueError("catalogue-names-meet", "dotenv", path, problem, "rename one of the two"));
    }
    const keyVault = secret.authority === "external" ? unprefixedKeyVaultName(name, secret) : undefined;
    const sameKeyVault = keyVault === undefined ? undefined : keyVaultNames.claim(keyVault, name);
    if (sameKeyVault !== undefined) {
      const problem = `${sameKeyVault} and ${name} are both stored as ${keyVault} in Key Vault`;
      const fix = "give one of them another keyVault";
      found.push(catalogueError("catalogue-key-vault-names-meet", "key-vault", path, problem, fix));
    }
    const sameVault = vaultPaths.claim(normalise(vaultPathOf(name, secret)), name);
    if (sameVault !== undefined) {
      const problem = `${sameVault} and ${name} are both stored at ${vaultPathOf(name, secret)} in Vault`;
      const fix = "give one of them another vault path";
      found.push(catalogueError("catalogue-vault-paths-meet", "vault", path, problem, fix));
    }
    return [
      ...found,
      ...ownedByCluster(name, secret, catalogue),
      ...writtenByProducer(name, secret, catalogue),
      ...contradictions(name, secret, catalogue),
    ];
  });
}

/** Every name of a secret, with what it is. */
function namesOf(name: string, secret: CatalogueSecret): Named {
  const variable = secret.authority === "external" ? [["variable", sanitise(secret.env)] as const] : [];
  const aliases = (secret.aliases ?? []).map((alias) => [`alias ${alias}`, normalise(alias)] as const);
  return [["the name", normalise(name)], ...variable, ...aliases];
}

/** Where a secret is stored under another name than its own; rules judge a path by its last part too. */
function placesOf(secret: CatalogueSecret): Named {
  const { vault } = secret;
  const keyVault = secret.authority === "external" ? secret.keyVault : undefined;
  return [
    ["the Key Vault name", keyVault] as const,
    ["the Vault path", vault] as const,
    ["the last part of the Vault path", vault?.includes("/") === true ? vault.split("/").at(-1) : undefined] as const,
  ].flatMap(([label, place]) => (place === undefined ? [] : [[label, normalise(place)] as const]));
}

/**
 * A secret must not use a name that something in the cluster owns: its exact name would hide the owner from every rule. Its
 * own name may be an exception to a pattern, which `add --over-pattern` asks for; a path or an alias may not, since nobody
 * looks there for one.
 */
function ownedByCluster(name: string, secret: CatalogueSecret, catalogue: Catalogue): readonly CatalogueFinding[] {
  const exception = clusterOwnerOf(catalogue, name);
  return [...namesOf(name, secret), ...placesOf(secret)].flatMap(([label, own]) => {
    const owner = clusterOwnerOf(catalogue, own);
    if (owner === undefined) return [];
    const isOwn = label === "the name" || own === normalise(name);
    const isPattern = owner.by === "pattern";
    if (isPattern && (isOwn || exception?.entry === owner.entry)) return [];
    const entry = isPattern ? owner.authority : `${owner.entry} (${owner.authority})`;
    const by = isPattern ? ` by the pattern ${owner.entry}` : "";
    const problem = `${label} of ${name}, "${own}", is ${entry} under clusterManaged${by}`;
    const fix = "remove it here if its owner creates it in the cluster, or there if it comes from outside";
    return [catalogueError("catalogue-cluster-managed", "key-vault", ["secrets", name], problem, fix)];
  });
}

/** An external secret at a path that a producer in the cluster writes: they would overwrite each other's value. */
function writtenByProducer(
  name: string,
  secret: CatalogueSecret,
  { inClusterDeliveries }: Catalogue,
): readonly CatalogueFinding[] {
  if (secret.authority !== "external") return [];
  const path = normalise(vaultPathOf(name, secret));
  return Object.entries(inClusterDeliveries).flatMap(([target, { keys, producer }]) => {
    const paths = Object.values(keys).flatMap((key) => pathInEach(key));
    if (!paths.some((one) => normalise(one) === path)) return [];
    const problem = `${name} is stored at ${path} in Vault, but inClusterDeliveries.${target} declares that ${producer} writes this path`;
    const fix = "give the secret another vault path, or declare the delivery under deliveries";
    return [catalogueError("catalogue-written-by-producer", "vault", ["secrets", name], problem, fix)];
  });
}

function contradictions(name: string, secret: CatalogueSecret, { fixtures }: Catalogue): readonly CatalogueFinding[] {
  if (secret.authority !== "external") return [];
  const refuse = (code: string, key: string, problem: string, fix: string): CatalogueFinding =>
    catalogueError(code, "bootstrap", ["secrets", name, key], problem, fix);
  const found = (secret.required ?? [])
    .filter((environment) => !existsIn(secret, environment))
    .map((environment) => {
      const problem = `${name} is required in ${environment}, but ${environment} is not one of its environments`;
      const fix = `add ${environment} to its environments, or remove it from required`;
      return refuse("catalogue-required-elsewhere", "required", problem, fix);
    });
  if (secret.fixture !== undefined && !isFixture(secret.fixture, fixtures)) {
    const problem = `the fixture of ${name} is not in fixtures.values, so no check would recognise it as a fixture`;
    const fix = "add it there if it is publicly known; a real value must never be in this file";
    found.push(refuse("catalogue-fixture-unknown", "fixture", problem, fix));
  }
  return found;
}

/** The same name or pattern twice, with two owners or with one. */
function checkClusterManaged({ clusterManaged }: Catalogue): readonly CatalogueFinding[] {
  const owners = new FirstOwners();
  return clusterManaged.flatMap(({ name, pattern, aliases = [], authority }, index) => {
    const entry = `${name ?? pattern ?? ""} (${authority}, entry ${index + 1})`;
    return [name, pattern, ...aliases].flatMap((own) => {
      const first = own === undefined ? undefined : owners.claim(normalise(own), entry);
      if (first === undefined) return [];
      const problem = `${own} of ${entry} is already a name of ${first}`;
      const path = ["clusterManaged", index];
      return [catalogueError("catalogue-owned-twice", "vault", path, problem, "keep one of the two")];
    });
  });
}

/** The patcher may write Keycloak's secrets only, each client its own. */
function checkKeycloakClients(catalogue: Catalogue): readonly CatalogueFinding[] {
  const clients = new FirstOwners();
  const keys = new FirstOwners();
  return catalogue.keycloakClients.flatMap(({ clientId, vaultKey }, index) => {
    const path = ["keycloakClients", index];
    const entry = `${clientId} (entry ${index + 1})`;
    const found: CatalogueFinding[] = [];
    for (const [label, first] of [
      [`client ${clientId}`, clients.claim(clientId, entry)],
      [`Vault key ${vaultKey}`, keys.claim(vaultKey, entry)],
    ] as const) {
      if (first === undefined) continue;
      const problem = `${label} is declared twice, by ${first} and ${entry}`;
      found.push(catalogueError("catalogue-client-twice", "vault", path, problem, "keep one of the two"));
    }
    const { authority, kind } = classify(catalogue, vaultKey);
    if (authority !== "keycloak") {
      const problem = `the patcher would write ${vaultKey}, which is ${authority ?? kind}, not keycloak`;
      const fix = "use the Vault key of a Keycloak client, declared under clusterManaged with authority keycloak";
      found.push(catalogueError("catalogue-client-foreign-key", "vault", path, problem, fix));
    }
    return found;
  });
}

/** A retired name that is in use, or has a replacement that does not exist. */
function checkRetired(catalogue: Catalogue): readonly CatalogueFinding[] {
  return Object.entries(catalogue.retired).flatMap(([name, { use }]) => {
    const path = ["retired", name];
    const found: CatalogueFinding[] = [];
    const known = name.includes("*") ? undefined : classify(catalogue, name);
    if (known !== undefined && known.kind !== "unknown" && known.kind !== "retired") {
      const problem = `${name} is retired, but also a name of ${known.entry}`;
      found.push(catalogueError("catalogue-retired-in-use", "dotenv", path, problem, "keep one of the two"));
    }
    if (use !== undefined && !use.includes("*") && classify(catalogue, use).kind === "unknown") {
      const problem = `${name} says to use ${use}, which is not in the catalogue`;
      const fix = "set use to an existing name, or remove it";
      found.push(catalogueError("catalogue-retired-use-unknown", "dotenv", [...path, "use"], problem, fix));
    }
    return found;
  });
}
