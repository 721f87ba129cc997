import type { Catalogue } from "./catalogue.ts";
import { catalogueError, FirstOwners, type CatalogueFinding } from "./catalogue-finding.ts";
import { classify } from "./lookup.ts";
import { normalise } from "../names.ts";

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
