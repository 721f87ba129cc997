import { BootstrapFailure, messageOf, sealed, throttled } from "../failure.ts";
import type { Run } from "../run-context.ts";
import { NetworkError } from "../../clients/http.ts";
import { VaultError } from "../../clients/vault.ts";
import { VaultSessions } from "../vault-session.ts";

/**
 * Logs in with the pod's own ServiceAccount; root is never used for this.
 *
 * @throws BootstrapFailure `vault-auth-refused`, `vault-throttled`, `vault-unreachable`, `vault-sealed`.
 */
export async function logIn({ config, vault, account }: Run): Promise<VaultSessions> {
  const { address, authMount } = config.vault;
  const sessions = new VaultSessions(vault, config, {
    jwt: account.token,
    refused: (role, error) => {
      if (error instanceof VaultError && error.status === 429) return throttled(address, error);
      if (error instanceof VaultError) return error.isSealed ? sealed(address) : refused(authMount, role, error);
      if (!(error instanceof NetworkError)) return error as Error;
      return new BootstrapFailure("vault-unreachable", `${address}: ${messageOf(error)}`, "see whether its pod runs");
    },
  });
  await sessions.logIn();
  return sessions;
}

function refused(authMount: string, role: string, error: VaultError): BootstrapFailure {
  return new BootstrapFailure(
    "vault-auth-refused",
    `Vault refused the login at auth/${authMount} as role ${role}: ${messageOf(error)}`,
    fixFor(error, authMount),
    { cause: error },
  );
}

function fixFor(error: VaultError, authMount: string): string {
  if (error.says("invalid role name") || error.says("no handler for route") || error.status === 404) {
    return "the role, the auth mount or the namespace does not exist: ameide-secrets up creates role and mount, in the namespace that vault.namespace of the stack file names";
  }
  if (error.says("service account name not authorized") || error.says("namespace not authorized")) {
    return "the role is bound to another ServiceAccount: ameide-secrets up binds it to this one";
  }
  return `Vault could not review the token: ameide-secrets reconfigure-auth, and see that auth/${authMount} pins no reviewer token and Vault's own account holds system:auth-delegator`;
}
