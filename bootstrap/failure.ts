import { NetworkError, ServerError } from "../clients/http.ts";
import { VaultError } from "../clients/vault.ts";
import type { BootstrapCause } from "../domain/bootstrap-config.ts";

/** What ends a run, with the cause that becomes its exit code. Anything else that is thrown is our defect. */
export class BootstrapFailure extends Error {
  readonly code: Exclude<BootstrapCause, "ok">;
  readonly problem: string;
  readonly fix: string;

  /** `problem` names the offender: lower case, no full stop, never a value. `fix` is a command if there is one. */
  constructor(code: Exclude<BootstrapCause, "ok">, problem: string, fix: string, options?: ErrorOptions) {
    super(`${problem}\n  fix: ${fix}`, options);
    this.name = "BootstrapFailure";
    this.code = code;
    this.problem = problem;
    this.fix = fix;
  }
}

/** The message of whatever was thrown, for a line of a log; one line, bounded. A server's is preceded by what was asked. */
export function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const text = error instanceof ServerError ? `${error.call}: ${error.status} ${message}` : message;
  return text.replace(/\s+/g, " ").slice(0, 500);
}

export function sealed(address: string): BootstrapFailure {
  return new BootstrapFailure(
    "vault-sealed",
    `Vault at ${address} is sealed`,
    "ameide-secrets unseal --stack <stack>; or wait, if a key service unseals it",
  );
}

/** Why Vault as a whole did not do what it was asked for; `undefined` if it answered the question itself. */
export function vaultFailure(error: unknown, address: string): BootstrapFailure | undefined {
  const options = { cause: error };
  const problem = `${address}: ${messageOf(error)}`;
  if (error instanceof NetworkError) {
    const fix = "check that its pods run, and check Vault's log; the next run continues from here";
    return new BootstrapFailure("vault-unreachable", problem, fix, options);
  }
  if (!(error instanceof VaultError)) return undefined;
  if (error.isSealed) return sealed(address);
  if (error.status === 429) {
    const fix = "raise Vault's rate limit quota (sys/quotas/rate-limit), or wait: the next run continues from here";
    return new BootstrapFailure(
      "vault-throttled",
      `${address} has too many requests: ${messageOf(error)}`,
      fix,
      options,
    );
  }
  if (error.status < 500) return undefined;
  const fix = error.says("active cluster node not found")
    ? "too few of its pods are unsealed to elect an active one: ameide-secrets unseal --stack <stack>"
    : "check Vault's log: Vault failed, and refused nothing; the next run continues from here";
  return new BootstrapFailure("vault-failing", problem, fix, options);
}
