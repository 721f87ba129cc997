import { type Catalogue, type CatalogueSecret, existsIn } from "./catalogue.ts";
import {
  catalogueError,
  FirstOwners,
  type CatalogueFinding,
  checkDeliveries,
  checkInClusterDeliveries,
} from "./check-deliveries.ts";
import { isFixture } from "./fixtures.ts";
import { clusterOwnerOf, classify } from "./lookup.ts";
import { normalise, pathInEach, sanitise, unprefixedKeyVaultName, vaultPathOf } from "../names.ts";
import type { Finding } from "../finding.ts";
import type { KeyPath } from "../schema-findings.ts";

/** Names that meet, places that meet, and claims that contradict each other, within `secrets`. */
export function checkSecrets(catalogue: Catalogue): readonly CatalogueFinding[] {
  const names = new FirstOwners();
  const keyVaultNames = new FirstOwners();
  const vaultPaths = new FirstOwners();

  return Object.entries(catalogue.secrets).flatMap(([name, secret]) => {
    const path = ["secrets", name];
    const found: CatalogueFinding[] = [];
    for (const [what, own] of namesOf(name, secret)) {
      const first = names.claim(own, name);
      if (first !== undefined) {
        const problem = `${what} of ${name} and a name of ${first} both become "${own}"`;
        found.push(catalogueError("catalogue-names-meet", "dotenv", path, problem, "rename one of the two"));
      }
    }
    const keyVault = secret.authority === "external" ? unprefixedKeyVaultName(name, secret) : undefined;
    const sameKeyVault = keyVault === undefined ? undefined : keyVaultNames.claim(keyVault, name);
    if (sameKeyVault !== undefined) {
      const problem = `${sameKeyVault} and ${name} both lie at ${keyVault} in Key Vault`;
      found.push(
        catalogueError(
          "catalogue-key-vault-names-meet",
          "key-vault",
          path,
          problem,
          "give one of them another keyVault",
        ),
      );
    }
    const sameVault = vaultPaths.claim(normalise(vaultPathOf(name, secret)), name);
    if (sameVault !== undefined) {
      const problem = `${sameVault} and ${name} both lie at ${vaultPathOf(name, secret)} in Vault`;
      found.push(
        catalogueError("catalogue-vault-paths-meet", "vault", path, problem, "give one of them another vault path"),
      );
    }
    return [
      ...found,
      ...ownedByCluster(name, secret, catalogue),
      ...writtenByProducer(name, secret, catalogue),
      ...contradictions(name, secret, catalogue),
    ];
  });
}

/** Every name that a secret answers to, with what it is. */
function namesOf(name: string, secret: CatalogueSecret): readonly (readonly [string, string])[] {
  const variable = secret.authority === "external" ? [["variable", sanitise(secret.env)] as const] : [];
  const aliases = (secret.aliases ?? []).map((alias) => [`alias ${alias}`, normalise(alias)] as const);
  return [["the name", normalise(name)], ...variable, ...aliases];
}

/**
 * A secret must not go by a name that someone in the cluster owns, whatever the name is for: its exact name would hide the
 * owner from every rule. Its own name may be an exception to a pattern, which `add --over-pattern` asks for; a path or an
 * alias may not, since nobody looks there for one.
 */
function ownedByCluster(name: string, secret: CatalogueSecret, catalogue: Catalogue): readonly CatalogueFinding[] {
  const exception = clusterOwnerOf(catalogue, name);
  return [...namesOf(name, secret), ...placesOf(secret)].flatMap(([what, own]) => {
    const owner = clusterOwnerOf(catalogue, own);
    if (owner === undefined) return [];
    const isOwn = what === "the name" || own === normalise(name);
    if (owner.by === "pattern" && (isOwn || exception?.entry === owner.entry)) return [];
    const by = owner.by === "pattern" ? ` by the pattern ${owner.entry}` : "";
    const entry = owner.by === "pattern" ? owner.authority : `${owner.entry} (${owner.authority})`;
    const problem = `${what} of ${name}, "${own}", is ${entry} under clusterManaged${by}`;
    const fix = "remove it here if its owner makes it in the cluster, or there if it comes from outside";
    return [catalogueError("catalogue-cluster-managed", "key-vault", ["secrets", name], problem, fix)];
  });
}

/** Where it is stored under another name than its own; of a path the last part too, by which rules judge it. */
function placesOf(secret: CatalogueSecret): readonly (readonly [string, string])[] {
  const { vault } = secret;
  const keyVault = secret.authority === "external" ? secret.keyVault : undefined;
  return [
    ...(keyVault === undefined ? [] : [["the Key Vault name", normalise(keyVault)] as const]),
    ...(vault === undefined ? [] : [["the Vault path", normalise(vault)] as const]),
    ...(vault?.includes("/") === true
      ? [["the last part of the Vault path", normalise(vault.slice(vault.lastIndexOf("/") + 1))] as const]
      : []),
  ];
}

/** An external secret at a path that a producer in the cluster writes: the two would undo each other. */
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
    const problem = `${name} lies at ${path} in Vault, which inClusterDeliveries.${target} reads as written by ${producer}`;
    const fix = "give the secret another vault path, or declare the delivery under deliveries";
    return [catalogueError("catalogue-written-by-producer", "vault", ["secrets", name], problem, fix)];
  });
}

function contradictions(name: string, secret: CatalogueSecret, { fixtures }: Catalogue): readonly CatalogueFinding[] {
  if (secret.authority !== "external") return [];
  const found: CatalogueFinding[] = [];
  for (const environment of secret.required ?? []) {
    if (!existsIn(secret, environment)) {
      const problem = `${name} is required in ${environment}, where its environments say that it does not exist`;
      const fix = `add ${environment} to its environments, or take it out of required`;
      found.push(
        catalogueError("catalogue-required-elsewhere", "bootstrap", ["secrets", name, "required"], problem, fix),
      );
    }
  }
  if (secret.fixture !== undefined && !isFixture(secret.fixture, fixtures)) {
    const problem = `the fixture of ${name} is not among fixtures.values, so nothing would know it for one`;
    const fix = "add it there if it is publicly known; a real value must never stand here";
    found.push(catalogueError("catalogue-fixture-unknown", "bootstrap", ["secrets", name, "fixture"], problem, fix));
  }
  return found;
}

/** `file:line` of a key path of the catalogue; left out where the catalogue was not read from a file. */
export type WhereOf = (path: KeyPath) => string;

/**
 * What no schema can see: entries that contradict each other. All of it at once, each with both culprits.
 *
 * @param whereOf - @default - findings name the key path only.
 */
export function checkCatalogue(catalogue: Catalogue, whereOf?: WhereOf): readonly Finding[] {
  return [
    ...checkSecrets(catalogue),
    ...checkClusterManaged(catalogue),
    ...checkKeycloakClients(catalogue),
    ...checkDeliveries(catalogue),
    ...checkInClusterDeliveries(catalogue),
    ...checkRetired(catalogue),
  ].map(({ path, ...finding }) => (whereOf === undefined ? finding : Object.assign(finding, { where: whereOf(path) })));
}

/** The same name or pattern twice, with two owners or with one. */
export function checkClusterManaged({ clusterManaged }: Catalogue): readonly CatalogueFinding[] {
  const owners = new FirstOwners();
  return clusterManaged.flatMap(({ name, pattern, aliases = [], authority }, index) => {
    const entry = `${name ?? pattern ?? ""} (${authority}, entry ${index + 1})`;
    return [name, pattern, ...aliases]
      .filter((own) => own !== undefined)
      .flatMap((own) => {
        const first = owners.claim(normalise(own), entry);
        if (first === undefined) return [];
        const problem = `${own} of ${entry} is a name of ${first} already`;
        return [
          catalogueError("catalogue-owned-twice", "vault", ["clusterManaged", index], problem, "keep one of the two"),
        ];
      });
  });
}

/** The patcher may write Keycloak's secrets only, each client its own. */
export function checkKeycloakClients(catalogue: Catalogue): readonly CatalogueFinding[] {
  const clients = new FirstOwners();
  const keys = new FirstOwners();
  return catalogue.keycloakClients.flatMap(({ clientId, vaultKey }, index) => {
    const path = ["keycloakClients", index];
    const entry = `${clientId} (entry ${index + 1})`;
    const found: CatalogueFinding[] = [];
    for (const [what, first] of [
      [`client ${clientId}`, clients.claim(clientId, entry)],
      [`Vault key ${vaultKey}`, keys.claim(vaultKey, entry)],
    ] as const) {
      if (first === undefined) continue;
      const problem = `${what} is declared twice, by ${first} and ${entry}`;
      found.push(catalogueError("catalogue-client-twice", "vault", path, problem, "keep one of the two"));
    }
    const { authority, kind } = classify(catalogue, vaultKey);
    if (authority !== "keycloak") {
      const problem = `the patcher would write ${vaultKey}, which is ${authority ?? kind}, not keycloak`;
      const fix =
        "name the Vault key of a Keycloak client, and declare it under clusterManaged with authority keycloak";
      found.push(catalogueError("catalogue-client-foreign-key", "vault", path, problem, fix));
    }
    return found;
  });
}

/** A retired name that is in use, or that sends people to a name that is not. */
export function checkRetired(catalogue: Catalogue): readonly CatalogueFinding[] {
  return Object.entries(catalogue.retired).flatMap(([name, { use }]) => {
    const found: CatalogueFinding[] = [];
    const known = name.includes("*") ? undefined : classify(catalogue, name);
    if (known !== undefined && known.kind !== "unknown" && known.kind !== "retired") {
      const problem = `${name} is retired, and a name of ${known.entry} as well`;
      found.push(
        catalogueError("catalogue-retired-in-use", "dotenv", ["retired", name], problem, "keep one of the two"),
      );
    }
    if (use !== undefined && !use.includes("*") && classify(catalogue, use).kind === "unknown") {
      const problem = `${name} sends people to ${use}, which the catalogue does not know`;
      const fix = "name what is to be used instead, or leave use out";
      found.push(catalogueError("catalogue-retired-use-unknown", "dotenv", ["retired", name, "use"], problem, fix));
    }
    return found;
  });
}
