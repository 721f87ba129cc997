import type { Catalogue } from "./catalogue.ts";
import { checkDeliveries, checkInClusterDeliveries } from "./check-deliveries.ts";
import { checkClusterManaged, checkKeycloakClients, checkRetired } from "./check-names.ts";
import { checkSecrets } from "./check-secrets.ts";
import type { Finding } from "../finding.ts";
import type { KeyPath } from "../schema-findings.ts";

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
