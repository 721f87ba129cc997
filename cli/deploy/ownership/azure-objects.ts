import { NetworkError, ServerError } from "../../../clients/http.ts";
import type { AzureReader } from "../../../diagnose/observe/access.ts";
import { pages } from "../../../diagnose/observe/azure.ts";
import { adoptionLine, secretAdoptionLine } from "../../../domain/resources/adoption.ts";
import { keyVaultSecretResource } from "../../../domain/resources/planned-resources.ts";
import {
  identityId,
  keyVaultId,
  keyVaultSecretId,
  keyVaultSecretsUser,
  secretsUserName,
} from "../../../domain/resources/azure-inputs.ts";
import type { AzurePlace, StackPlan } from "../../../domain/plan/environment.ts";
import type { Finding } from "../../../domain/finding.ts";
import { UserError } from "../../../domain/user-error.ts";
import type { Change } from "../engine/run-log.ts";
import { stackNameOf } from "./kubernetes-objects.ts";
import { find, look } from "./look.ts";

const keyVaultApi = "api-version=2023-07-01";
const identityApi = "api-version=2023-01-31";
const roleAssignmentApi = "api-version=2022-04-01";

/**
 * What already exists in Azure where a plan would create. `azure-native` refuses to create over it, in the middle of the
 * update and without a fix; here it is reported before the first change, with the line that adopts it.
 */
export async function foreignInAzure(
  changes: readonly Change[],
  plan: StackPlan,
  open: () => Promise<AzureReader>,
): Promise<readonly Finding[]> {
  const created = changes.filter(({ operation, type }) => operation === "create" && type.startsWith("azure-native:"));
  if (created.length === 0) return [];
  const azure = await open();
  const found = await Promise.all(
    created.map((change) => {
      const { stage, object: at = change.name } = change;
      return look({ stage, at, of: "Azure", run: () => lookAt(change, plan, azure) });
    }),
  );
  return found.filter((finding) => finding !== undefined);
}

function lookAt({ type, name }: Change, plan: StackPlan, azure: AzureReader): Promise<Finding | undefined> {
  switch (type.split(":").at(-1)) {
    case "Vault":
      return keyVault(name, plan, azure);
    case "Secret":
      return keyVaultSecret(name, plan, azure);
    case "UserAssignedIdentity":
      return identity(name, plan, azure);
    case "RoleAssignment":
      return roleAssignment(name, plan, azure);
    case "FederatedIdentityCredential":
      return federatedCredential(name, plan, azure);
    default:
      return Promise.resolve(undefined);
  }
}

async function keyVault(resource: string, plan: StackPlan, azure: AzureReader): Promise<Finding | undefined> {
  const { azure: place } = plan;
  const id = keyVaultId(place);
  const there = await find(() => azure.arm<KeyVaultProperties>(`${id}?${keyVaultApi}`));
  if (there === undefined) return undefined;
  const first = keyVaultPreparation(place.keyVault, there);
  const byPolicies = there.properties.enableRbacAuthorization !== true;
  return finding(
    "key-vault",
    place.keyVault,
    `the Key Vault ${place.keyVault} already exists, and this stack did not create it${byPolicies ? "; it uses access policies, so role assignments have no effect" : ""}`,
    `${first === undefined ? "" : `first ${byPolicies ? "assign roles to its readers and " : ""}run: ${first}; then `}${adoptionLine(stackNameOf(plan), resource, id)}`,
    { [resource]: id },
  );
}

interface KeyVaultProperties {
  readonly properties: { readonly enableRbacAuthorization?: boolean; readonly enablePurgeProtection?: boolean };
}

/** What a Key Vault lacks that the rules require of an adopted one: the command that sets it. */
export function keyVaultPreparation(name: string, { properties }: KeyVaultProperties): string | undefined {
  const flags = [
    properties.enableRbacAuthorization === true ? "" : " --enable-rbac-authorization true",
    properties.enablePurgeProtection === true ? "" : " --enable-purge-protection true",
  ].join("");
  return flags === "" ? undefined : `az keyvault update --name ${name}${flags}`;
}

/** The same of the Key Vault of a stack as it is now; none where it does not exist. */
export async function lacksOfKeyVault({ azure: place }: StackPlan, azure: AzureReader): Promise<string | undefined> {
  const there = await find(() => azure.arm<KeyVaultProperties>(`${keyVaultId(place)}?${keyVaultApi}`));
  return there === undefined ? undefined : keyVaultPreparation(place.keyVault, there);
}

/**
 * A secret that was deleted and recovered by hand between two runs is one that the state no longer knows. One that is still
 * in soft delete is not a finding: azure-native recovers it.
 */
async function keyVaultSecret(resource: string, plan: StackPlan, azure: AzureReader): Promise<Finding | undefined> {
  const { azure: place } = plan;
  const names = (plan.kind === "shared" ? plan : plan.shared)?.keyVaultSecrets.keys() ?? [];
  const secretName = [...names].find((name) => keyVaultSecretResource(name) === resource);
  if (secretName === undefined) return undefined;
  const id = keyVaultSecretId(place, secretName);
  if ((await find(() => azure.arm(`${id}?${keyVaultApi}`))) === undefined) return undefined;
  return finding(
    "key-vault",
    secretName,
    `the Key Vault ${place.keyVault} already has the secret ${secretName}, and this stack did not create it`,
    secretAdoptionLine(stackNameOf(plan), secretName, id),
    { [resource]: id },
  );
}

async function identity(resource: string, plan: StackPlan, azure: AzureReader): Promise<Finding | undefined> {
  const { azure: place } = plan;
  const id = identityId(place);
  if ((await find(() => azure.arm(`${id}?${identityApi}`))) === undefined) return undefined;
  return finding(
    "identity",
    place.identity,
    `the identity ${place.identity} already exists, and this stack did not create it`,
    adoptionLine(stackNameOf(plan), resource, id),
    { [resource]: id },
  );
}

/** Azure refuses a second assignment of one role to one principal at one scope, whatever its name. */
async function roleAssignment(resource: string, plan: StackPlan, azure: AzureReader): Promise<Finding | undefined> {
  const { azure: place } = plan;
  const owner = await find(() => azure.arm<Identity>(`${identityId(place)}?${identityApi}`));
  if (owner === undefined) return undefined;
  const { principalId } = owner.properties;
  const filter = encodeURIComponent(`principalId eq '${principalId}'`);
  const scope = keyVaultId(place);
  const list = await find(() =>
    azure.arm<{ value: readonly RoleAssignment[] }>(
      `${scope}/providers/Microsoft.Authorization/roleAssignments?$filter=${filter}&${roleAssignmentApi}`,
    ),
  );
  const same = list?.value.find(
    ({ properties }) =>
      properties.principalId === principalId &&
      properties.scope.toLowerCase() === scope.toLowerCase() &&
      properties.roleDefinitionId.toLowerCase().endsWith(keyVaultSecretsUser),
  );
  if (same === undefined) return undefined;
  return finding(
    "identity",
    same.id,
    `${place.identity} already has the role "Key Vault Secrets User" at ${place.keyVault}, and this stack did not assign it`,
    adoptionLine(stackNameOf(plan), resource, same.id),
    { [resource]: same.id },
  );
}

/**
 * Role assignments at the Key Vault that this program created for a principal that the identity no longer has, since it was
 * deleted and created again. The name of an assignment is derived from its principal, so Entra need not be asked. An adopted
 * assignment, or one of an earlier release, has another name and is not found.
 *
 * @returns a note for each; none if Azure cannot be read.
 */
export async function orphanedAssignments(
  place: AzurePlace,
  open: () => Promise<AzureReader>,
): Promise<readonly Finding[]> {
  try {
    const azure = await open();
    const path = `${keyVaultId(place)}/providers/Microsoft.Authorization/roleAssignments?${roleAssignmentApi}`;
    const [owner, list] = await Promise.all([
      find(() => azure.arm<Identity>(`${identityId(place)}?${identityApi}`)),
      find(() => pages<RoleAssignment>((link) => azure.arm(link), path)),
    ]);
    const isOrphan = ({ id, properties: { principalId } }: RoleAssignment): boolean =>
      principalId !== owner?.properties.principalId &&
      id.toLowerCase().endsWith(`/${secretsUserName(place, principalId)}`);
    return (list ?? []).filter(isOrphan).map(({ id, properties: { principalId } }) => ({
      code: "role-assignment-orphaned",
      stage: "identity",
      severity: "note",
      subject: id,
      problem: `${place.identity} was deleted and created again; the role assignment of its former principal ${principalId} at ${place.keyVault} is left over and gives nobody access`,
      fix: `az role assignment delete --ids ${id}`,
    }));
  } catch (error) {
    if (error instanceof UserError || error instanceof ServerError || error instanceof NetworkError) return [];
    throw error;
  }
}

interface Identity {
  readonly properties: { readonly principalId: string };
}

interface RoleAssignment {
  readonly id: string;
  readonly properties: { readonly principalId: string; readonly roleDefinitionId: string; readonly scope: string };
}

/** By name, and by issuer and subject: Azure refuses two of the same on one identity. */
async function federatedCredential(
  resource: string,
  plan: StackPlan,
  azure: AzureReader,
): Promise<Finding | undefined> {
  if (plan.kind === "shared") return undefined;
  const { federated, azure: place } = plan;
  const list = await find(() =>
    azure.arm<{ value: readonly FederatedCredential[] }>(
      `${identityId(place)}/federatedIdentityCredentials?${identityApi}`,
    ),
  );
  const same = list?.value.find(
    ({ name, properties }) =>
      name === federated.name || (properties.issuer === federated.issuer && properties.subject === federated.subject),
  );
  if (same === undefined) return undefined;
  const { issuer, subject } = same.properties;
  const differs = issuer === federated.issuer && subject === federated.subject ? "" : `, for ${subject} of ${issuer}`;
  return finding(
    "identity",
    same.name,
    `${place.identity} already has the federated credential "${same.name}", and this stack did not create it${differs}`,
    differs === ""
      ? adoptionLine(stackNameOf(plan), resource, same.id)
      : `az identity federated-credential delete --name ${same.name} --identity-name ${place.identity} --resource-group ${place.resourceGroup}, once nobody logs in with it`,
    differs === "" ? { [resource]: same.id } : undefined,
  );
}

interface FederatedCredential {
  readonly id: string;
  readonly name: string;
  readonly properties: { readonly issuer: string; readonly subject: string };
}

function finding(
  stage: Finding["stage"],
  subject: string,
  problem: string,
  fix: string,
  adopt?: Finding["adopt"],
): Finding {
  return { code: "azure-object-exists", stage, severity: "error", subject, problem, fix, ...(adopt && { adopt }) };
}
