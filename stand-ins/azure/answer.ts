import { randomUUID } from "node:crypto";

export interface AzureRequest {
  readonly method: string;
  /** Decoded, with a slash at the start and none at the end. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly authorization: string | undefined;
  readonly body: string;
}

export interface AzureAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. @default - an empty body */
  readonly body?: unknown;
}

export function bearerToken({ authorization }: AzureRequest): string | undefined {
  return /^Bearer (\S+)$/i.exec(authorization ?? "")?.[1];
}

/** An error answer, in the shape and words of the Azure service. It never leaves the process as an exception. */
export class AzureError extends Error {
  override readonly name = "AzureError";
  readonly answer: AzureAnswer;

  private constructor(message: string, answer: AzureAnswer) {
    super(message);
    this.answer = answer;
  }

  /** Resource Manager's shape. */
  static arm(status: number, code: string, message: string): AzureError {
    return new AzureError(message, { status, body: { error: { code, message } } });
  }

  /** Key Vault's shape; clients distinguish causes of one code by `innererror`. */
  static keyVault(
    status: number,
    code: string,
    message: string,
    { inner, headers = {} }: { readonly inner?: string; readonly headers?: Readonly<Record<string, string>> } = {},
  ): AzureError {
    const error = { code, message, ...(inner === undefined ? {} : { innererror: { code: inner } }) };
    return new AzureError(message, { status, headers, body: { error } });
  }

  /** The token endpoint's shape. @see https://learn.microsoft.com/entra/identity-platform/reference-error-codes */
  static entra(status: number, error: string, code: number, text: string): AzureError {
    const ids = { trace_id: randomUUID(), correlation_id: randomUUID() };
    const timestamp = `${new Date().toISOString().slice(0, 19).replace("T", " ")}Z`;
    const description = `AADSTS${code}: ${text} Trace ID: ${ids.trace_id} Correlation ID: ${ids.correlation_id} Timestamp: ${timestamp}`;
    const uri = `https://login.microsoftonline.com/error?code=${code}`;
    const body = { error, error_description: description, error_codes: [code], timestamp, ...ids, error_uri: uri };
    return new AzureError(description, { status, body });
  }
}
