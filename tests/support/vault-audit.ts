import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LocalHome } from "../../local/home.ts";
import { readRecords } from "../../local/servers/records.ts";

/** One request that Vault received. */
export interface VaultRequest {
  /** ServiceAccount whose token logged in; `undefined` for another login, or none. */
  readonly account: string | undefined;
  /** Such as `update` for a POST to a path that exists. */
  readonly operation: string;
  /** Such as `secret/data/ghcr-token`. */
  readonly path: string;
  /** With its body. */
  readonly text: string;
}

/** Where the requests are recorded; it holds values in clear. */
export function auditFile({ dir }: LocalHome): string {
  return join(dir, "vault-audit.jsonl");
}

/**
 * Has the running OpenBao record every request from its next unsealing on, until it restarts.
 *
 * @see https://openbao.org/docs/configuration/audit: from 2.4 on an audit device is part of the configuration, which SIGHUP
 * reloads.
 */
export function auditVault(home: LocalHome): void {
  const { configFile } = home.vault;
  const options = { file_path: auditFile(home), log_raw: "true" };
  const configuration = JSON.parse(readFileSync(configFile, "utf8")) as object;
  writeFileSync(configFile, JSON.stringify({ ...configuration, audit: [{ type: "file", path: "requests", options }] }));
  const server = readRecords(home).find(({ name }) => name === "openbao");
  if (server === undefined) throw new Error("OpenBao does not run");
  process.kill(server.pid, "SIGHUP");
}

export function vaultRequests(home: LocalHome): readonly VaultRequest[] {
  const lines = readFileSync(auditFile(home), "utf8").trimEnd().split("\n");
  return lines
    .map((line) => JSON.parse(line) as AuditEntry)
    .filter(({ type }) => type === "request")
    .map(({ auth, request }) => ({
      account: auth?.metadata?.service_account_name,
      operation: request.operation,
      path: request.path,
      text: JSON.stringify(request),
    }));
}

interface AuditEntry {
  readonly type: "request" | "response";
  readonly auth?: { readonly metadata?: { readonly service_account_name?: string } };
  readonly request: { readonly operation: string; readonly path: string };
}
