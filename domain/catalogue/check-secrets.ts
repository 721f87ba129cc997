import type { Catalogue, CatalogueSecret } from "./catalogue.ts";
import { catalogueError, FirstOwners, type CatalogueFinding } from "./catalogue-finding.ts";
import { existsIn } from "./secrets.ts";
import { isFixture } from "./fixtures.ts";
import { normalise, sanitise } from "../names.ts";

/** Names that meet, places that meet, and claims that contradict each other, within `secrets`. */
export function checkSecrets(catalogue: Catalogue): readonly CatalogueFinding[] {
  const names = new FirstOwners();
  const keyVaultNames = new FirstOwners();
  const vaultPaths = new FirstOwners();
  const clusterManaged = clusterManagedNames(catalogue);

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
    const keyVault = secret.authority === "external" ? (secret.keyVault ?? name) : undefined;
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
    const sameVault = vaultPaths.claim(secret.vault ?? name, name);
    if (sameVault !== undefined) {
      const problem = `${sameVault} and ${name} both lie at ${secret.vault ?? name} in Vault`;
      found.push(
        catalogueError("catalogue-vault-paths-meet", "vault", path, problem, "give one of them another vault path"),
      );
    }
    return [...found, ...ownedByCluster(name, secret, clusterManaged), ...contradictions(name, secret, catalogue)];
  });
}

/** Every name that a secret answers to, with what it is. */
function namesOf(name: string, secret: CatalogueSecret): readonly (readonly [string, string])[] {
  const variable = secret.authority === "external" ? [["variable", sanitise(secret.env)] as const] : [];
  const aliases = (secret.aliases ?? []).map((alias) => [`alias ${alias}`, normalise(alias)] as const);
  return [["the name", normalise(name)], ...variable, ...aliases];
}

/** An external secret must not go by a name that someone in the cluster owns: the exact name would hide the owner. */
function ownedByCluster(
  name: string,
  secret: CatalogueSecret,
  clusterManaged: ReadonlyMap<string, string>,
): readonly CatalogueFinding[] {
  return namesOf(name, secret).flatMap(([what, own]) => {
    const owner = clusterManaged.get(own);
    if (owner === undefined) return [];
    const problem = `${what} of ${name}, "${own}", is ${owner} under clusterManaged`;
    const fix = "remove it here if its owner makes it in the cluster, or there if it comes from outside";
    return [catalogueError("catalogue-cluster-managed", "key-vault", ["secrets", name], problem, fix)];
  });
}

function clusterManagedNames({ clusterManaged }: Catalogue): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { name, aliases = [], authority, pattern } of clusterManaged) {
    const entry = `${name ?? pattern ?? ""} (${authority})`;
    for (const own of [...(name === undefined ? [] : [name]), ...aliases]) found.set(normalise(own), entry);
  }
  return found;
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
