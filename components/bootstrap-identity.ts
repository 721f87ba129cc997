import { RoleAssignment } from "@pulumi/azure-native/authorization/index.js";
import { UserAssignedIdentity } from "@pulumi/azure-native/managedidentity/index.js";
import * as pulumi from "@pulumi/pulumi";
import { keyVaultSecretsUser } from "../domain/resources/azure-ids.ts";
import { nameBasedGuid } from "../domain/resources/name-based-guid.ts";
import type { AzurePlace } from "../domain/plan/environment.ts";

export interface BootstrapIdentityArgs {
  readonly azure: AzurePlace;
  /** The only scope of its role. */
  readonly keyVaultId: pulumi.Input<string>;
  readonly protect: boolean;
}

/** Who vault-bootstrap is in Azure, for all environments: it may read the vault's secrets and nothing else. */
export class BootstrapIdentity extends pulumi.ComponentResource {
  readonly clientId: pulumi.Output<string>;
  readonly principalId: pulumi.Output<string>;
  readonly resourceName: pulumi.Output<string>;

  constructor(name: string, args: BootstrapIdentityArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ameide-secrets:identity:BootstrapIdentity", name, {}, opts);
    const child = { parent: this, protect: args.protect, retainOnDelete: args.protect };
    const identity = userAssignedIdentity(name, args.azure, child);
    secretsUserRole(name, args, identity, child);

    this.clientId = identity.clientId;
    this.principalId = identity.principalId;
    this.resourceName = identity.name;
    this.registerOutputs({
      clientId: this.clientId,
      principalId: this.principalId,
      resourceName: this.resourceName,
    });
  }
}

function userAssignedIdentity(
  name: string,
  azure: AzurePlace,
  opts: pulumi.CustomResourceOptions,
): UserAssignedIdentity {
  return new UserAssignedIdentity(
    `${name}-identity`,
    { resourceName: azure.identity, resourceGroupName: azure.resourceGroup, location: azure.location },
    opts,
  );
}

/**
 * The assignment's own name is a GUID that the caller chooses: one made from what it assigns is the same in every run.
 * `principalType` spares the look-up that fails for minutes after an identity was made.
 */
function secretsUserRole(
  name: string,
  { azure, keyVaultId }: BootstrapIdentityArgs,
  identity: UserAssignedIdentity,
  opts: pulumi.CustomResourceOptions,
): RoleAssignment {
  return new RoleAssignment(
    `${name}-secrets-user`,
    {
      roleAssignmentName: nameBasedGuid(
        `${azure.subscriptionId}/${azure.resourceGroup}/${azure.keyVault}/${azure.identity}/${keyVaultSecretsUser}`,
      ),
      scope: keyVaultId,
      principalId: identity.principalId,
      principalType: "ServicePrincipal",
      roleDefinitionId: `/subscriptions/${azure.subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${keyVaultSecretsUser}`,
    },
    // the name does not change with the principal, and Azure refuses two assignments of one name
    { ...opts, deleteBeforeReplace: true },
  );
}
