import { randomUUID } from "node:crypto";
import { AzureError } from "./azure-error.ts";

/**
 * Entra's error: `AADSTS<code>: text`, with the ids that a person would quote to support.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/reference-error-codes
 */
export function entraError(status: number, error: string, code: number, text: string): AzureError {
  const traceId = randomUUID();
  const correlationId = randomUUID();
  const timestamp = `${new Date().toISOString().slice(0, 19).replace("T", " ")}Z`;
  const description = `AADSTS${code}: ${text} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`;
  return AzureError.entra(status, description, {
    error,
    error_description: description,
    error_codes: [code],
    timestamp,
    trace_id: traceId,
    correlation_id: correlationId,
    error_uri: `https://login.microsoftonline.com/error?code=${code}`,
  });
}
