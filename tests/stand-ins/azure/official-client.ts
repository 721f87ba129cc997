import type { DeletedSecret, SecretClient } from "@azure/keyvault-secrets";

/** What Azure's official clients report when a server refuses a request. */
export interface RestFailure extends Error {
  readonly statusCode: number;
  readonly code: string;
  readonly details: { readonly error: { readonly innerError: { readonly code: string } } };
  readonly response: { readonly headers: { get(name: string): string | undefined } };
}

/** Soft delete and recovery are long running for the client; the stand-in is done at once. */
export const atOnce = { intervalInMs: 1 };

export async function deleteSecret(client: SecretClient, name: string): Promise<DeletedSecret> {
  return (await client.beginDeleteSecret(name, atOnce)).pollUntilDone();
}

/** Goes through a listing to its end. */
export async function collect<T, U>(items: AsyncIterable<T>, pick: (item: T) => U): Promise<U[]> {
  const picked: U[] = [];
  for await (const item of items) picked.push(pick(item));
  return picked;
}
