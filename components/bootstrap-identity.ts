import { RoleAssignment } from "@pulumi/azure-native/authorization/index.js";
import { UserAssignedIdentity } from "@pulumi/azure-native/managedidentity/index.js";
import * as pulumi from "@pulumi/pulumi";
import type { AzurePlace } from "../domain/plan/environment.ts";
import { identityInputs, secretsUserInputs, secretsUserName } from "../domain/resources/azure-inputs.ts";

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
  return new UserAssignedIdentity(`${name}-identity`, identityInputs(azure), opts);
}

function secretsUserRole(
  name: string,
  { azure, keyVaultId }: BootstrapIdentityArgs,
  { principalId }: UserAssignedIdentity,
  opts: pulumi.CustomResourceOptions,
): RoleAssignment {
  const assignmentName = principalId.apply((principal) => secretsUserName(azure, principal));
  return new RoleAssignment(
    `${name}-secrets-user`,
    secretsUserInputs<pulumi.Input<string>>(azure, { name: assignmentName, keyVaultId, principalId }),
    {
      ...opts,
      // an assignment that has another name (adopted, or of an earlier release) keeps it for as long as its principal is the
      // same; a replacement ignores no change, so a new principal has a name of its own
      ignoreChanges: ["roleAssignmentName"],
      // it holds nothing, and must be replaced with its principal; `retainOnDelete` keeps it wherever it leaves the program
      protect: false,
    },
  );
}
