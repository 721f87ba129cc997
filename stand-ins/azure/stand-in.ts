import { randomBytes, randomUUID } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { UserError } from "../../domain/user-error.ts";
import { issueServerCertificate } from "../../local/certificate-authority.ts";
import { azureFiles } from "../../local/home.ts";
import { writePrivateFile } from "../../local/private-file.ts";
import { TokenAuthority } from "./access-token.ts";
import { type AzureContext, settingsSchema, type StandInSettings } from "./context.ts";
import { Control } from "./control.ts";
import { federation, type ClusterJwks } from "./federation.ts";
import { listen, serve } from "./server.ts";
import { readStateFile, StateWriter } from "./state-file.ts";
import { emptyState, type AzureState } from "./state.ts";

export interface AzureOptions {
  /** On 127.0.0.1; 0 lets the system choose, in tests. */
  readonly port: number;
  /** For CA, operator's token and state; created if missing. */
  readonly dir: string;
  /** Issuer of the one cluster with federated ServiceAccount tokens. */
  readonly clusterIssuer: string;
  readonly clusterJwks: ClusterJwks;
  /** @default - generated at the first start and stored. */
  readonly tenantId?: string;
  /** @default - any subscription exists. */
  readonly subscriptionId?: string;
  /** @default - Azure's published limits, no propagation delay. */
  readonly settings?: Partial<StandInSettings>;
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number;
}

export type AzureStandIn = Awaited<ReturnType<typeof startAzure>>;

/**
 * Resource Manager for the types of this program, Entra's token endpoint for workload identities, and the data plane of
 * one Key Vault: as much of each as the official clients need.
 *
 * Differences from Azure: deletion and recovery are complete when they are answered; at most one vault exists; access
 * policies, network rules and Resource Manager's limits have no effect; clients must switch off instance discovery and
 * the check of the challenge's resource.
 *
 * @throws UserError `azure-state-unreadable`, `azure-tenant-differs`, `azure-port-taken`.
 */
export async function startAzure(options: AzureOptions) {
  const { dir, port, clusterIssuer, clusterJwks, subscriptionId, now = Date.now } = options;
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  chmodSync(dir, 0o700);
  const files = azureFiles(dir);
  if (!existsSync(files.operatorToken)) writePrivateFile(files.operatorToken, randomBytes(32).toString("base64url"));
  const operatorToken = readFileSync(files.operatorToken, "utf8").trim();
  const state = openState(files.stateFile, options.tenantId);
  const authority = await TokenAuthority.open(files.tokenKey, { ...state, operatorToken });
  const certificate = await issueServerCertificate(dir);
  const server = await listen(port, certificate);
  const writer = new StateWriter(files.stateFile, state);
  writer.changed();
  await writer.flush(); // the ids that were made at the first start stay, even if it is killed at once
  const context: AzureContext = {
    state,
    writer,
    settings: settingsSchema.parse(options.settings ?? {}),
    authority,
    verifyAssertion: federation(clusterIssuer, clusterJwks),
    rateWindows: new Map(),
    origin: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    subscriptionId,
    now,
  };
  const control = new Control(context);
  serve(server, context, control);
  return {
    /** `https://127.0.0.1:<port>`: authority host, Resource Manager and, with a slash, the vault's URI. */
    origin: context.origin,
    tenantId: state.tenantId,
    /** PEM; also in `ca.crt`. */
    caPem: certificate.caPem,
    /** Bearer token of the subscription's owner; also in `operator-token`. */
    operatorToken,
    control,
    /** Writes pending changes and stops. */
    async close(): Promise<void> {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      await writer.flush();
    },
  };
}

function openState(path: string, tenantId: string | undefined): AzureState {
  const kept = readStateFile(path);
  if (kept === undefined) return emptyState(tenantId ?? randomUUID(), randomUUID());
  if (tenantId === undefined || kept.tenantId.toLowerCase() === tenantId.toLowerCase()) return kept;
  throw UserError.of(
    "azure-tenant-differs",
    `${path} belongs to tenant ${kept.tenantId}, but the settings have ${tenantId}`,
    `set the tenant back, or start again with \`mv ${path} ${path}.old\``,
  );
}
