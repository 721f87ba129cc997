import { NetworkError } from "../clients/http.ts";
import { VaultClient, VaultError } from "../clients/vault.ts";
import type { EnvironmentStack } from "../domain/plan/environment.ts";
import { Redacted } from "../domain/redacted.ts";
import { UserError } from "../domain/user-error.ts";
import { operatorTarget } from "../domain/vault-target.ts";

/**
 * Asks Vault whether its provider can work: the provider's own errors are only `connection refused` or `403`.
 * @param token - VAULT_TOKEN of the environment; it is looked up and goes nowhere else.
 * @throws UserError `vault-unreachable`, `vault-uninitialised`, `vault-sealed`, `vault-token-missing`,
 * `vault-namespace-missing` or `vault-token-refused`, each with the command that fixes it.
 */
export async function requireVault({ name, vault }: EnvironmentStack, token: string | undefined): Promise<void> {
  const target = operatorTarget(vault);
  const { address, namespace } = target;
  const own = token === undefined || token === "" ? undefined : new Redacted(token);
  const client = new VaultClient({ ...target, token: own, timeoutInMs: 5_000 });
  const thisVault = `the Vault of ${name} at ${address}`;
  const unreachable = (why: string, isUntrusted = false): UserError =>
    UserError.of(
      "vault-unreachable",
      `the Vault of ${name} does not answer at ${address}: ${why}`,
      isUntrusted
        ? `set vault.caFile of Pulumi.${name}.yaml (or VAULT_CACERT) to the PEM file with the CA of Vault's certificate`
        : `kubectl -n ${vault.statefulSet.namespace} port-forward svc/${vault.statefulSet.name} 8200:8200, then VAULT_ADDR=${new URL(vault.address).protocol}//127.0.0.1:8200; ameide-secrets up does both automatically`,
    );
  try {
    const health = await client.health();
    if (health.state === "unreachable") throw unreachable(health.why, health.isUntrusted);
    if (health.state === "uninitialised") {
      const fix = `ameide-secrets up --stack ${name}`;
      throw UserError.of("vault-uninitialised", `${thisVault} was never initialised`, fix);
    }
    if (health.state === "sealed") {
      throw UserError.of("vault-sealed", `${thisVault} is sealed`, `ameide-secrets unseal --stack ${name}`);
    }
    if (own === undefined) {
      const problem = "VAULT_TOKEN is not set, and Vault is needed for the plan";
      const fix = `export VAULT_TOKEN=<a token with the policy ameide-secrets-deployer>; ameide-secrets up --stack ${name} creates a short-lived one automatically`;
      throw UserError.of("vault-token-missing", problem, fix);
    }
    await client.get("auth/token/lookup-self");
  } catch (error) {
    if (error instanceof NetworkError) throw unreachable(error.message, error.isUntrusted);
    if (!(error instanceof VaultError)) throw error;
    if (error.status === 429 || error.status >= 500) {
      const problem = `${thisVault} answered ${error.status} instead of looking this VAULT_TOKEN up: ${error.message}`;
      throw UserError.of("vault-unreachable", problem, `ameide-secrets doctor --stack ${name}`);
    }
    if (error.status === 404 && namespace !== undefined) {
      const fix = `create it: vault namespace create ${namespace} (VAULT_NAMESPACE set to its parent), or correct vault.namespace of Pulumi.${name}.yaml`;
      throw UserError.of("vault-namespace-missing", `${thisVault} has no namespace ${namespace}`, fix);
    }
    const problem = `${thisVault} refuses this VAULT_TOKEN (${error.message}): it belongs to another Vault, was revoked or has expired`;
    const fix = "create a new one: vault token create -policy=ameide-secrets-deployer -ttl=30m";
    throw UserError.of("vault-token-refused", problem, fix);
  } finally {
    client.close();
  }
}
