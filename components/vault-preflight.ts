import type { EnvironmentStack } from "../domain/plan/environment.ts";
import { UserError } from "../domain/user-error.ts";

/**
 * Asks Vault, before anything is registered, whether its provider can work at all: that one looks a token up at every
 * preview and then says only `connection refused` or `403`.
 *
 * @param token - VAULT_TOKEN of the environment; it is looked up and goes nowhere else.
 * @throws UserError `vault-unreachable`, `vault-uninitialised`, `vault-sealed`, `vault-token-missing` or
 *   `vault-token-refused`, each with the command that mends it.
 */
export async function requireVault({ name, vault }: EnvironmentStack, token: string | undefined): Promise<void> {
  const { operatorAddress: address } = vault;
  const health = await ask(address, "sys/health?standbyok=true&perfstandbyok=true");
  switch (health?.status) {
    case 200:
      break;
    case 501:
      throw UserError.of(
        "vault-uninitialised",
        `the Vault of ${name} at ${address} was never initialised`,
        `ameide-secrets up --stack ${name}`,
      );
    case 503:
      throw UserError.of(
        "vault-sealed",
        `the Vault of ${name} at ${address} is sealed`,
        `ameide-secrets unseal --stack ${name}`,
      );
    default:
      throw UserError.of(
        "vault-unreachable",
        `no Vault of ${name} answers at ${address}${health === undefined ? "" : `, only HTTP ${health.status}`}`,
        `kubectl -n ${vault.serviceAccount.namespace} port-forward svc/${vault.serviceAccount.name} 8200:8200, then VAULT_ADDR=http://127.0.0.1:8200; ameide-secrets up does both itself`,
      );
  }
  if (token === undefined || token === "") {
    throw UserError.of(
      "vault-token-missing",
      "VAULT_TOKEN is not set, and the plan cannot be made without asking Vault",
      `export VAULT_TOKEN=<a token with the policy ameide-secrets-deployer>; ameide-secrets up --stack ${name} makes a short one itself`,
    );
  }
  const known = await ask(address, "auth/token/lookup-self", token);
  if (known?.status === 200) return;
  throw UserError.of(
    "vault-token-refused",
    `the Vault of ${name} at ${address} does not take this VAULT_TOKEN: it is of another Vault, revoked or over`,
    `make one anew: vault token create -policy=ameide-secrets-deployer -ttl=30m`,
  );
}

async function ask(address: string, path: string, token?: string): Promise<Response | undefined> {
  try {
    const headers = token === undefined ? {} : { "x-vault-token": token };
    const response = await fetch(`${address.replace(/\/$/, "")}/v1/${path}`, {
      headers,
      signal: AbortSignal.timeout(5_000),
    });
    await response.body?.cancel();
    return response;
  } catch {
    return undefined;
  }
}
