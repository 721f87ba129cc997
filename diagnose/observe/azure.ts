import { identityId, keyVaultId } from "../../domain/resources/azure-inputs.ts";
import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import { mapBounded } from "../../clients/pacing.ts";
import type { Fingerprint, IdentityState, KeyVaultSecretState, Observed } from "../snapshot.ts";
import type { AzureReader } from "./access.ts";
import { notAsked, observed } from "./observed.ts";

const identityApi = "api-version=2023-01-31";
const roleAssignmentApi = "api-version=2022-04-01";
/** Far under Key Vault's 4,000 in 10 s, which others use too. */
const valuesAtOnce = 8;

interface Page<T> {
  readonly value: readonly T[];
  readonly nextLink?: string | null;
}

/** Identity, its federated credentials and its role assignments at the vault. */
export async function observeIdentity(
  azure: AzureReader | string,
  stack: EnvironmentStack,
): Promise<Omit<IdentityState, "clusterIssuer">> {
  if (typeof azure === "string") {
    const nothing = notAsked("read the identity", azure);
    return { identity: nothing, federatedCredentials: nothing, roleAssignments: nothing };
  }
  const path = identityId(stack.azure);
  const [identity, federatedCredentials] = await Promise.all([
    observed(`read the identity ${stack.azure.identity}`, async () => {
      const { properties } = await azure.arm<{ properties: { clientId: string; principalId: string } }>(
        `${path}?${identityApi}`,
      );
      return { clientId: properties.clientId, principalId: properties.principalId };
    }),
    observed(`list the federated credentials of ${stack.azure.identity}`, async () => {
      const list = await pages<FederatedCredential>(
        (link) => azure.arm(link),
        `${path}/federatedIdentityCredentials?${identityApi}`,
      );
      return list.map(({ name, properties: { issuer, subject, audiences } }) => ({ name, issuer, subject, audiences }));
    }),
  ]);
  if (!identity.ok) return { identity, federatedCredentials, roleAssignments: identity };
  const roleAssignments = await observed(`list the role assignments at ${stack.azure.keyVault}`, async () => {
    const { principalId } = identity.value;
    const list = await pages<RoleAssignment>(
      (link) => azure.arm(link),
      `${keyVaultId(stack.azure)}/providers/Microsoft.Authorization/roleAssignments?$filter=${encodeURIComponent(`principalId eq '${principalId}'`)}&${roleAssignmentApi}`,
    );
    return list
      .filter(({ properties }) => properties.principalId === principalId)
      .map(({ properties }) => ({
        role: properties.roleDefinitionId.split("/").at(-1)?.toLowerCase() ?? "",
        scope: properties.scope,
      }));
  });
  return { identity, federatedCredentials, roleAssignments };
}

interface FederatedCredential {
  readonly name: string;
  readonly properties: { readonly issuer: string; readonly subject: string; readonly audiences: readonly string[] };
}

interface RoleAssignment {
  readonly properties: { readonly principalId: string; readonly roleDefinitionId: string; readonly scope: string };
}

interface SecretItem {
  readonly id: string;
  readonly attributes?: {
    readonly enabled?: boolean;
    readonly created?: number;
    readonly updated?: number;
    readonly exp?: number;
  };
  readonly tags?: Readonly<Record<string, string>>;
}

/**
 * Names and times of the vault's secrets.
 *
 * @param fingerprint - given where values are to be compared: then those of `names` are read, one call each.
 */
export function observeKeyVault(
  azure: AzureReader | string,
  { keyVault }: EnvironmentStack["azure"],
  names: ReadonlySet<string>,
  fingerprint?: (value: string) => Fingerprint,
): Promise<Observed<readonly KeyVaultSecretState[]>> {
  if (typeof azure === "string") return Promise.resolve(notAsked(`list the secrets of ${keyVault}`, azure));
  return observed(`list the secrets of ${keyVault}`, async () => {
    const list = await pages<SecretItem>((link) => azure.keyVault(link), "/secrets?maxresults=25");
    const states = list.map((item) => stateOf(item));
    if (fingerprint === undefined) return states;
    return mapBounded(states, valuesAtOnce, async (state) => {
      if (!names.has(state.name) || !state.enabled) return state;
      const { value, id } = await azure.keyVault<{ value: string; id: string }>(`/secrets/${state.name}`);
      const version = id.split("/").at(-1) ?? "";
      return { ...state, version, fingerprint: fingerprint(value) };
    });
  });
}

function stateOf({ id, attributes = {}, tags = {} }: SecretItem): KeyVaultSecretState {
  const { enabled = true, created, updated, exp } = attributes;
  const managedBy = tags["managed-by"];
  return {
    name: new URL(id).pathname.split("/")[2] ?? id,
    enabled,
    ...(updated === undefined ? {} : { updatedAt: new Date(updated * 1000).toISOString() }),
    ...(created === undefined ? {} : { createdAt: new Date(created * 1000).toISOString() }),
    ...(exp === undefined ? {} : { expiresAt: new Date(exp * 1000).toISOString() }),
    ...(managedBy === undefined ? {} : { managedBy }),
  };
}

export async function pages<T>(read: (link: string) => Promise<Page<T>>, first: string): Promise<readonly T[]> {
  const all: T[] = [];
  for (let link: string | null | undefined = first; link !== null && link !== undefined && link !== "";) {
    const page: Page<T> = await read(link);
    all.push(...page.value);
    link = page.nextLink;
  }
  return all;
}
