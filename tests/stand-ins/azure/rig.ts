import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import tls from "node:tls";
import { WorkloadIdentityCredential } from "@azure/identity";
import { SecretClient, type SecretClientOptions } from "@azure/keyvault-secrets";
import { operatorCredential } from "../../../stand-ins/azure/operator-credential.ts";
import { startAzure, type AzureOptions, type AzureStandIn } from "../../../stand-ins/azure/stand-in.ts";
import type { ProvidersConfig } from "../../../stand-ins/providers/config.ts";
import { audience, makeCluster, type Cluster } from "./cluster.ts";

export const subscription = "/subscriptions/11111111-1111-4111-8111-111111111111";
export const group = `${subscription}/resourceGroups/Ameide`;
export const vaultId = `${group}/providers/Microsoft.KeyVault/vaults/ameidekv`;
export const identityId = `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/ameide-vault-bootstrap-mi`;
export const subject = "system:serviceaccount:ameide-local:foundation-vault-bootstrap-vault-bootstrap";
export const secretsUser = "4633458b-17de-408a-b874-0445c86b69e6";
export const secretsOfficer = "b86a8fe4-44ce-4948-aee5-eccb2c155cd7";

export interface ArmAnswer {
  readonly status: number;
  // what Azure documents, read property by property in assertions
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}

/** A stand-in in a folder of its own, with the clients that the tests ask it by. */
export class AzureRig {
  readonly dir: string;
  readonly cluster: Cluster;
  azure: AzureStandIn;
  readonly #options: Omit<AzureOptions, "port">;

  private constructor(options: Omit<AzureOptions, "port">, cluster: Cluster, azure: AzureStandIn) {
    this.dir = options.dir;
    this.cluster = cluster;
    this.azure = azure;
    this.#options = options;
  }

  static async start(options: Partial<AzureOptions> = {}): Promise<AzureRig> {
    const dir = mkdtempSync(join(tmpdir(), "ameide-azure-"));
    const cluster = await makeCluster("https://127.0.0.1:30102");
    const all = { dir, clusterIssuer: cluster.issuer, clusterJwks: { keys: cluster.keys }, ...options };
    const azure = await startAzure({ port: 0, ...all });
    trust(azure);
    return new AzureRig(all, cluster, azure);
  }

  /** Loopback providers that make what is Azure's here, and reach nothing else. */
  get providers(): ProvidersConfig {
    const { origin, caPem, operatorToken } = this.azure;
    return {
      mode: "live",
      vault: { address: "http://127.0.0.1:1" },
      azure: { endpoint: origin, caPem, operatorToken },
    };
  }

  /** Stops it and starts it again from its folder, on the same port. */
  async restart(options: Partial<AzureOptions> = {}): Promise<void> {
    await this.azure.close();
    const port = Number(new URL(this.azure.origin).port);
    this.azure = await startAzure({ ...this.#options, port, ...options });
  }

  async stop(): Promise<void> {
    await this.azure.close();
    rmSync(this.dir, { recursive: true });
  }

  async arm(method: string, id: string, body?: unknown): Promise<ArmAnswer> {
    const address = new URL(id, this.azure.origin);
    address.searchParams.set("api-version", "2023-07-01");
    const answer = await fetch(address, {
      method,
      headers: { authorization: `Bearer ${this.azure.operatorToken}`, "content-type": "application/json" },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === "" ? undefined : JSON.parse(text) };
  }

  /** Resource group and vault, as the program makes them. */
  async makeVault(properties: Record<string, unknown> = {}): Promise<void> {
    await this.arm("PUT", group, { location: "westeurope" });
    await this.arm("PUT", vaultId, this.vaultBody(properties));
  }

  vaultBody(properties: Record<string, unknown> = {}): unknown {
    const sku = { family: "A", name: "standard" };
    const rbac = { enableRbacAuthorization: true };
    return { location: "westeurope", properties: { tenantId: this.azure.tenantId, sku, ...rbac, ...properties } };
  }

  /** @returns client id and principal id. */
  async makeIdentity(): Promise<{ readonly clientId: string; readonly principalId: string }> {
    await this.arm("PUT", group, { location: "westeurope" });
    const { body } = await this.arm("PUT", identityId, { location: "westeurope" });
    return body.properties;
  }

  federate(name = "vault-bootstrap-local", properties: Record<string, unknown> = {}): Promise<ArmAnswer> {
    return this.arm("PUT", `${identityId}/federatedIdentityCredentials/${name}`, {
      properties: { issuer: this.cluster.issuer, subject, audiences: [audience], ...properties },
    });
  }

  assign(
    principalId: string,
    scope = vaultId,
    role = secretsUser,
    name: string = crypto.randomUUID(),
  ): Promise<ArmAnswer> {
    return this.arm("PUT", `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`, {
      properties: {
        roleDefinitionId: `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${role}`,
        principalId,
        principalType: "ServicePrincipal",
      },
    });
  }

  operatorClient(options: SecretClientOptions = {}): SecretClient {
    const all = { disableChallengeResourceVerification: true, ...options };
    return new SecretClient(this.azure.origin, operatorCredential(this.dir), all);
  }

  /** The credential that a pod has: a projected token in a file. */
  async workloadCredential(clientId: string, token?: string): Promise<WorkloadIdentityCredential> {
    const tokenFilePath = join(this.dir, `token-${crypto.randomUUID()}`);
    writeFileSync(tokenFilePath, token ?? (await this.cluster.token({ subject })), { mode: 0o600 });
    return new WorkloadIdentityCredential({
      tenantId: this.azure.tenantId,
      clientId,
      tokenFilePath,
      authorityHost: this.azure.origin,
      disableInstanceDiscovery: true,
    });
  }

  async workloadClient(clientId: string, options: SecretClientOptions = {}): Promise<SecretClient> {
    const credential = await this.workloadCredential(clientId);
    const all = { disableChallengeResourceVerification: true, retryOptions: { maxRetries: 0 }, ...options };
    return new SecretClient(this.azure.origin, credential, all);
  }
}

/** Status and code of what Azure refused. */
export function refusal({ status, body }: ArmAnswer): readonly [number, string] {
  return [status, body.error.code];
}

/** What NODE_EXTRA_CA_CERTS does for a process that is still to start. */
function trust({ caPem }: AzureStandIn): void {
  tls.setDefaultCACertificates([...tls.getCACertificates("default"), caPem]);
}
