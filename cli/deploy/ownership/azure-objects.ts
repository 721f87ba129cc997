import { NetworkError, ServerError } from "../../../clients/http.ts";
import type { AzureReader } from "../../../diagnose/observe/access.ts";
import { pages } from "../../../diagnose/observe/azure.ts";
import { ifFound } from "../../../diagnose/observe/observed.ts";
import { adoptables, adoptionLine, secretAdoptionLine } from "../../../domain/resources/adoption.ts";
import {
  identityId,
  keyVaultId,
  keyVaultSecretsUser,
  secretsUserName,
} from "../../../domain/resources/azure-inputs.ts";
import type { AzureTarget, StackPlan } from "../../../domain/plan/environment.ts";
import { errorFinding, type Finding } from "../../../domain/finding.ts";
import { UserError } from "../../../domain/user-error.ts";
import type { Change } from "../engine/change.ts";
import { checkOf, type OwnershipCheck } from "./checks.ts";
import { stackNameOf } from "./kubernetes-objects.ts";

const keyVaultApi = "api-version=2023-07-01";
const identityApi = "api-version=2023-01-31";
const roleAssignmentApi = "api-version=2022-04-01";

/**
 * `azure-native` refuses to create over what exists, in the middle of the update and without a fix. These checks report it
 * before the first change, with the line that adopts it.
 */
export async function azureChecks(
  changes: readonly Change[],
  plan: StackPlan,
  open: () => Promise<AzureReader>,
): Promise<readonly OwnershipCheck[]> {
  const created = changes.filter(({ operation, type }) => operation === "create" && type.startsWith("azure-native:"));
  if (created.length === 0) return [];
  const azure = await open();
  return created.map((change) => checkOf(change, "Azure", () => foreignObject(change, plan, azure)));
}

async function foreignObject(
  { type, name }: Change,
  plan: StackPlan,
  azure: AzureReader,
): Promise<Finding | undefined> {
  if (type.endsWith(":RoleAssignment")) return roleAssignment(name, plan, azure);
  if (type.endsWith(":FederatedIdentityCredential")) return federatedCredential(name, plan, azure);
  const id = adoptables(plan).find(({ resource }) => resource === name)?.id;
  return id === undefined ? undefined : objectWithId(name, id, plan, azure);
}

/** The state does not know a secret that a person recovered; azure-native recovers one that is still in soft delete. */
async function objectWithId(
  resource: string,
  id: string,
  plan: StackPlan,
  azure: AzureReader,
): Promise<Finding | undefined> {
  const { keyVault, identity } = plan.azure;
  const adopt = { [resource]: id };
  const line = adoptionLine(stackNameOf(plan), resource, id);
  const isIdentity = id === identityId(plan.azure);
  const found = await ifFound(azure.arm<KeyVaultProperties>(`${id}?${isIdentity ? identityApi : keyVaultApi}`));
  if (found === undefined) return undefined;
  if (isIdentity) {
    const problem = `the identity ${identity} already exists, and this stack did not create it`;
    return finding("identity", identity, problem, line, adopt);
  }
  if (id !== keyVaultId(plan.azure)) {
    const secret = id.slice(id.lastIndexOf("/") + 1);
    const problem = `the Key Vault ${keyVault} already has the secret ${secret}, and this stack did not create it`;
    return finding("key-vault", secret, problem, secretAdoptionLine(stackNameOf(plan), secret, id), adopt);
  }
  const preparation = keyVaultPreparation(keyVault, found);
  const usesPolicies = found.properties.enableRbacAuthorization !== true;
  return finding(
    "key-vault",
    keyVault,
    `the Key Vault ${keyVault} already exists, and this stack did not create it${usesPolicies ? "; it uses access policies, so role assignments have no effect" : ""}`,
    `${preparation === undefined ? "" : `first ${usesPolicies ? "assign roles to its readers and " : ""}run: ${preparation}; then `}${line}`,
    adopt,
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

/** The same for the Key Vault of a stack as it is now; `undefined` also if it does not exist. */
export async function lacksOfKeyVault({ azure: place }: StackPlan, azure: AzureReader): Promise<string | undefined> {
  const found = await ifFound(azure.arm<KeyVaultProperties>(`${keyVaultId(place)}?${keyVaultApi}`));
  return found && keyVaultPreparation(place.keyVault, found);
}

interface RoleAssignment {
  readonly id: string;
  readonly properties: { readonly principalId: string; readonly roleDefinitionId: string; readonly scope: string };
}

async function readAssignments(place: AzureTarget, azure: AzureReader) {
  const path = `${keyVaultId(place)}/providers/Microsoft.Authorization/roleAssignments?${roleAssignmentApi}`;
  const [identity, assignments = []] = await Promise.all([
    ifFound(azure.arm<{ properties: { principalId: string } }>(`${identityId(place)}?${identityApi}`)),
    ifFound(pages<RoleAssignment>((link) => azure.arm(link), path)),
  ]);
  return { principalId: identity?.properties.principalId, assignments };
}

/** Azure refuses a second assignment of one role to one principal at one scope, whatever its name. */
async function roleAssignment(resource: string, plan: StackPlan, azure: AzureReader): Promise<Finding | undefined> {
  const { azure: place } = plan;
  const { principalId, assignments } = await readAssignments(place, azure);
  const same = assignments.find(
    ({ properties }) =>
      properties.principalId === principalId &&
      properties.scope.toLowerCase() === keyVaultId(place).toLowerCase() &&
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
 * A note for each role assignment at the Key Vault with a former principal of the identity, which was deleted and created
 * again; none if Azure cannot be read. Adopted ones and those of earlier releases have another name and are not found.
 */
export async function orphanedAssignments(
  place: AzureTarget,
  open: () => Promise<AzureReader>,
): Promise<readonly Finding[]> {
  try {
    const { principalId, assignments } = await readAssignments(place, await open());
    return assignments
      .map(({ id, properties }) => ({ id, former: properties.principalId }))
      .filter(
        ({ id, former }) => former !== principalId && id.toLowerCase().endsWith(`/${secretsUserName(place, former)}`),
      )
      .map(({ id, former }) => ({
        code: "role-assignment-orphaned",
        stage: "identity",
        severity: "note",
        subject: id,
        problem: `${place.identity} was deleted and created again; the role assignment of its old principal ${former} at ${place.keyVault} is left over and gives nobody access`,
        fix: `az role assignment delete --ids ${id}`,
      }));
  } catch (error) {
    if (error instanceof UserError || error instanceof ServerError || error instanceof NetworkError) return [];
    throw error;
  }
}

/** By name, and by issuer and subject: Azure refuses two of the same on one identity. */
async function federatedCredential(
  resource: string,
  plan: StackPlan,
  azure: AzureReader,
): Promise<Finding | undefined> {
  if (plan.kind === "shared") return undefined;
  const { federated, azure: place } = plan;
  const path = `${identityId(place)}/federatedIdentityCredentials?${identityApi}`;
  const credentials = await ifFound(pages<FederatedCredential>((link) => azure.arm(link), path));
  const isSame = ({ properties: { issuer, subject } }: FederatedCredential) =>
    issuer === federated.issuer && subject === federated.subject;
  const found = credentials?.find((one) => one.name === federated.name || isSame(one));
  if (found === undefined) return undefined;
  const { id, name, properties } = found;
  const problem = `${place.identity} already has the federated credential "${name}", and this stack did not create it`;
  return isSame(found)
    ? finding("identity", name, problem, adoptionLine(plan.name, resource, id), { [resource]: id })
    : finding(
        "identity",
        name,
        `${problem}, for ${properties.subject} of ${properties.issuer}`,
        `az identity federated-credential delete --name ${name} --identity-name ${place.identity} --resource-group ${place.resourceGroup}, once nobody logs in with it`,
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
  return { ...errorFinding("azure-object-exists", stage, subject, problem, fix), ...(adopt && { adopt }) };
}
