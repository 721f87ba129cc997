import { UserError } from "../../domain/user-error.ts";
import { inRootNamespace, operatorTarget } from "../../domain/vault-target.ts";
import { generateRootToken, isValidToken, revokeRootToken } from "../access/root-token.ts";
import { vaultCredentials } from "../access/root-token.ts";
import type { Place } from "./place.ts";
import { leaveEvent, type Repair, type RepairOptions } from "./vault-repairs.ts";
import { credentialsSecret } from "../../domain/names.ts";

/**
 * Ends the root token that `vault-auto-credentials` has, and takes it out of the Secret. The unseal key stays. Before
 * anything is changed it is proven that the key generates a root token and that the Secret may be changed.
 *
 * The order makes every interruption harmless: a token that was ended and is still stored is found by the next run, and
 * whoever needs a root token generates one. Tokens that were made with the old one stay valid.
 *
 * @throws UserError where the key does not generate a root token, the Secret may not be changed, or the environment keeps it.
 */
export async function revokeStoredRootToken(
  { stack, cluster }: Place,
  { change, reason }: RepairOptions,
): Promise<Repair> {
  const { namespace, vault, strictness } = stack;
  const target = inRootNamespace(operatorTarget(vault));
  const title = `${namespace}/${credentialsSecret}`;
  const { rootToken, unsealKey, recoveryKey } = await vaultCredentials(cluster, namespace);
  if (rootToken === undefined)
    return { needed: false, found: `the Secret ${title} has no root-token`, did: "nothing to revoke" };
  const key = unsealKey ?? recoveryKey;
  if (key === undefined) {
    throw UserError.of(
      "vault-credentials-missing",
      `the Secret ${title} has a root-token but no unseal-key, so no new root token could be generated`,
      `add the unseal key from Vault's initialisation to ${title} as unseal-key, then run this again`,
    );
  }
  const isValid = await isValidToken(target, rootToken);
  const found = `the Secret ${title} has a root-token that ${isValid ? "is valid and never expires" : "is no longer valid"}`;
  if (strictness.rootToken === "stored") {
    return {
      needed: false,
      found,
      did: `environments/${stack.name}.ts has rootToken: "stored": nothing to do`,
    };
  }
  if (!change) {
    return {
      needed: true,
      found,
      did: `would ${isValid ? "revoke it and " : ""}remove it from the Secret; first stop everything that reads it there, such as an older vault-bootstrap`,
    };
  }
  const path = `/api/v1/namespaces/${namespace}/secrets/${credentialsSecret}`;
  const withoutToken = { data: { "root-token": null } };
  await cluster.patch(`${path}?dryRun=All`, withoutToken);
  const fresh = await generateRootToken(target, key);
  await revokeRootToken(target, fresh);
  if (isValid) await revokeRootToken(target, rootToken);
  await cluster.patch(path, withoutToken);
  const event = await leaveEvent(cluster, namespace, "VaultRootTokenRevoked", `root token revoked: ${reason}`);
  return { needed: true, found, did: `revoked and removed${event}; commands now generate a root token with the unseal key when they need one` }; // prettier-ignore
}
