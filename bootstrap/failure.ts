import { ServerError } from "../clients/http.ts";
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
    "unseal it: ameide-secrets unseal, or wait for its key service where it unseals itself",
  );
}

export function throttled(address: string, error: unknown): BootstrapFailure {
  return new BootstrapFailure(
    "vault-throttled",
    `${address} has too many requests: ${messageOf(error)}`,
    "raise Vault's rate limit quota (sys/quotas/rate-limit), or wait: the next run goes on from here",
    { cause: error },
  );
}
