/** One request, read whole. */
export interface AzureRequest {
  readonly method: string;
  /** Decoded, with a slash at its start and none at its end. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly authorization: string | undefined;
  readonly body: string;
}

export interface AzureAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; left out for an empty body. */
  readonly body?: unknown;
}

/** @returns the token of `Authorization: Bearer …`. */
export function bearerToken({ authorization }: AzureRequest): string | undefined {
  return /^Bearer (\S+)$/i.exec(authorization ?? "")?.[1];
}
