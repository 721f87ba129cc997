/**
 * An answer of the stand-in that is not a success, in the shape and words of the Azure service it stands in for.
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

  /** Key Vault's shape; clients tell causes of one code apart by `innererror`. */
  static keyVault(
    status: number,
    code: string,
    message: string,
    { inner, headers }: { readonly inner?: string; readonly headers?: Readonly<Record<string, string>> } = {},
  ): AzureError {
    const error = { code, message, ...(inner === undefined ? {} : { innererror: { code: inner } }) };
    return new AzureError(status, message, { error }, headers);
  }

  /** The token endpoint's shape; `body` is what `entra-error.ts` made. */
  static entra(status: number, message: string, body: unknown): AzureError {
    return new AzureError(status, message, body);
  }
}
