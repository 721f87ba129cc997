import { secretActions, type SecretAction } from "./role-check.ts";
import type { AzureRequest } from "./http.ts";

interface OnVault {
  readonly kind: "secret-list" | "deleted-secret-list";
  readonly action: SecretAction;
}

interface OnSecret {
  readonly kind:
    | "secret-list-versions"
    | "secret-set"
    | "secret-delete"
    | "deleted-secret-get"
    | "deleted-secret-recover"
    | "deleted-secret-purge";
  readonly action: SecretAction;
  readonly name: string;
}

interface OnVersion {
  readonly kind: "secret-get" | "secret-update";
  readonly action: SecretAction;
  readonly name: string;
  /** Empty for the current one. */
  readonly version: string;
}

/** What a data plane request asks for. Its `kind` is also what the counters and faults call it. */
export type SecretOperation = OnVault | OnSecret | OnVersion;

export type SecretOperationKind = SecretOperation["kind"];

const { get, readMetadata, set, update, delete: remove, recover, purge } = secretActions;

/** @returns `undefined` where Key Vault has no such operation on secrets. */
export function secretOperation({ method, path }: AzureRequest): SecretOperation | undefined {
  const [collection = "", name = "", third = "", ...rest] = path.slice(1).split("/");
  if (rest.length > 0) return undefined;
  return collection === "secrets" ? onSecrets(method, name, third) : onDeletedSecrets(method, name, third);
}

function onSecrets(method: string, name: string, third: string): SecretOperation | undefined {
  if (name === "") return method === "GET" ? { kind: "secret-list", action: readMetadata } : undefined;
  if (method === "GET" && third === "versions") return { kind: "secret-list-versions", action: readMetadata, name };
  if (method === "GET") return { kind: "secret-get", action: get, name, version: third };
  if (method === "PATCH") return { kind: "secret-update", action: update, name, version: third };
  if (third !== "") return undefined;
  if (method === "PUT") return { kind: "secret-set", action: set, name };
  return method === "DELETE" ? { kind: "secret-delete", action: remove, name } : undefined;
}

function onDeletedSecrets(method: string, name: string, third: string): SecretOperation | undefined {
  if (name === "") return method === "GET" ? { kind: "deleted-secret-list", action: readMetadata } : undefined;
  if (method === "POST" && third === "recover") return { kind: "deleted-secret-recover", action: recover, name };
  if (third !== "") return undefined;
  if (method === "GET") return { kind: "deleted-secret-get", action: readMetadata, name };
  return method === "DELETE" ? { kind: "deleted-secret-purge", action: purge, name } : undefined;
}
