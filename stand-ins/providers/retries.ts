import { NetworkError, ServerError } from "../../clients/http.ts";
import type { RetryOptions } from "../../clients/pacing.ts";

const timing = { retryBaseInMs: 100, retryCapInMs: 5_000, retryAttempts: 6 };

/** @param passes - refusals to retry in addition to 429, 502 and 504. */
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

/** A request that may have reached the server is repeated only if it is idempotent. */
function mayRepeat({ code, method }: NetworkError): boolean {
  return code === "ECONNREFUSED" || (method !== "POST" && ["ECONNRESET", "EPIPE", "ETIMEDOUT"].includes(code));
}
