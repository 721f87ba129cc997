import { identityId, keyVaultId } from "../../domain/resources/azure-inputs.ts";
import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import { mapBounded } from "../../clients/pacing.ts";
import type { Fingerprint, IdentityState, KeyVaultSecretState, Observed } from "../snapshot.ts";
import type { AzureReader } from "./access.ts";
import { allOf, defined, observed } from "./observed.ts";

const identityApi = "api-version=2023-01-31";
const roleAssignmentApi = "api-version=2022-04-01";
/** Far under Key Vault's 4,000 in 10 s, which others use too. */
const valuesAtOnce = 8;

interface FederatedCredential {
  readonly name: string;
  readonly properties: { readonly issuer: string; readonly subject: string; readonly audiences: readonly string[] };
}

interface RoleAssignment {
  readonly properties: { readonly principalId: string; readonly roleDefinitionId: string; readonly scope: string };
}

interface SecretItem {
  readonly id: string;
  readonly attributes?: Partial<Readonly<Record<"created" | "updated" | "exp", number>>> & {
    readonly enabled?: boolean;
  };
  readonly tags?: Readonly<Record<string, string>>;
}

export async function observeIdentity(
  azure: AzureReader,
  stack: EnvironmentStack,
): Promise<Omit<IdentityState, "clusterIssuer">> {
  const path = identityId(stack.azure);
  const list = <T>(first: string) => pages<T>((link) => azure.arm(link), first);
  const seen = await allOf({
    identity: observed(`read the identity ${stack.azure.identity}`, async () => {
      const answer = await azure.arm<{ properties: { clientId: string; principalId: string } }>(
        `${path}?${identityApi}`,
      );
      return { clientId: answer.properties.clientId, principalId: answer.properties.principalId };
    }),
    federatedCredentials: observed(`list the federated credentials of ${stack.azure.identity}`, async () => {
      const found = await list<FederatedCredential>(`${path}/federatedIdentityCredentials?${identityApi}`);
      return found.map(({ name, properties: { issuer, subject, audiences } }) => ({
        name,
        issuer,
        subject,
        audiences,
      }));
    }),
  });
  const { identity } = seen;
  if (!identity.ok) return { ...seen, roleAssignments: identity };
  const { principalId } = identity.value;
  const roleAssignments = await observed(`list the role assignments at ${stack.azure.keyVault}`, async () => {
    const filter = encodeURIComponent(`principalId eq '${principalId}'`);
    const found = await list<RoleAssignment>(
      `${keyVaultId(stack.azure)}/providers/Microsoft.Authorization/roleAssignments?$filter=${filter}&${roleAssignmentApi}`,
    );
    return found
      .filter(({ properties }) => properties.principalId === principalId)
      .map(({ properties: { roleDefinitionId, scope } }) => ({
        role: roleDefinitionId.split("/").at(-1)?.toLowerCase() ?? "",
        scope,
      }));
  });
  return { ...seen, roleAssignments };
}

/** Names and times of the vault's secrets. @param fingerprint - given to compare values: reads those of `names`, one call each */
export function observeKeyVault(
  azure: AzureReader,
  { keyVault }: EnvironmentStack["azure"],
  names: ReadonlySet<string>,
  fingerprint?: (value: string) => Fingerprint,
): Promise<Observed<readonly KeyVaultSecretState[]>> {
  return observed(`list the secrets of ${keyVault}`, async () => {
    const list = await pages<SecretItem>((link) => azure.keyVault(link), "/secrets?maxresults=25");
    return mapBounded(list.map(stateOf), valuesAtOnce, async (state) => {
      if (fingerprint === undefined || !names.has(state.name) || !state.enabled) return state;
      const { value, id } = await azure.keyVault<{ value: string; id: string }>(`/secrets/${state.name}`);
      return { ...state, version: id.split("/").at(-1) ?? "", fingerprint: fingerprint(value) };
    });
  });
}

function stateOf({ id, attributes = {}, tags = {} }: SecretItem): KeyVaultSecretState {
  const { enabled = true, created, updated, exp } = attributes;
  const iso = (seconds: number | undefined) => (seconds === undefined ? undefined : new Date(seconds * 1000).toISOString()); // prettier-ignore
  return {
    name: new URL(id).pathname.split("/")[2] ?? id,
    enabled,
    ...defined({
      updatedAt: iso(updated),
      createdAt: iso(created),
      expiresAt: iso(exp),
      managedBy: tags["managed-by"],
    }),
  };
}

interface Page<T> {
  readonly value: readonly T[];
  readonly nextLink?: string | null;
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
