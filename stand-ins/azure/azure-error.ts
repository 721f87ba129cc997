import { randomUUID } from "node:crypto";

/**
 * An answer of the stand-in that is not a success, in the shape and words of the Azure service.
 * Only clients see it; it never leaves the process as an exception.
 */
export class AzureError extends Error {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;

  private constructor(status: number, message: string, body: unknown, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.name = "AzureError";
    this.status = status;
    this.body = body;
    this.headers = headers;
  }

  /** Resource Manager's shape. */
  static arm(status: number, code: string, message: string): AzureError {
    return new AzureError(status, message, { error: { code, message } });
  }

  /** Key Vault's shape; clients distinguish causes of one code by `innererror`. */
  static keyVault(
    status: number,
    code: string,
    message: string,
    { inner, headers }: { readonly inner?: string; readonly headers?: Readonly<Record<string, string>> } = {},
  ): AzureError {
    const error = { code, message, ...(inner === undefined ? {} : { innererror: { code: inner } }) };
    return new AzureError(status, message, { error }, headers);
  }

  /** The token endpoint's shape; `body` comes from {@link entraError}. */
  static entra(status: number, message: string, body: unknown): AzureError {
    return new AzureError(status, message, body);
  }
}

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
