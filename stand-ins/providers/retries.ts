import { NetworkError, ServerError } from "../../clients/http.ts";
import type { RetryOptions } from "../../clients/pacing.ts";

const timing = { retryBaseInMs: 100, retryCapInMs: 5_000, retryAttempts: 6 };

/**
 * How often a provider makes a call again.
 *
 * @param passes - refusals that a second try may pass, as well as 429, 502 and 504.
 */
export function providerRetries(cancelled: AbortSignal, passes: (error: ServerError) => boolean): RetryOptions {
  return {
    timing,
    signal: cancelled,
    verdict: (error) => {
      if (error instanceof NetworkError) return mayRepeat(error) ? {} : undefined;
      if (!(error instanceof ServerError)) return undefined;
      if (![429, 502, 504].includes(error.status) && !passes(error)) return undefined;
      return error.retryAfterInMs === undefined ? {} : { afterInMs: error.retryAfterInMs };
    },
  };
}

/** A request that may have reached the server is repeated only if a second one changes nothing more. */
function mayRepeat({ code, method }: NetworkError): boolean {
  return code === "ECONNREFUSED" || (method !== "POST" && ["ECONNRESET", "EPIPE", "ETIMEDOUT"].includes(code));
}
