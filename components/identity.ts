import * as pulumi from "@pulumi/pulumi";
import { RoleAssignment } from "@pulumi/azure-native/authorization/index.js";
import { FederatedIdentityCredential, UserAssignedIdentity } from "@pulumi/azure-native/managedidentity/index.js";
import type { AzureTarget, FederatedSubject } from "../domain/plan/environment.ts";
import {
  federatedCredentialInputs,
  identityInputs,
  secretsUserInputs,
  secretsUserName,
} from "../domain/resources/azure-inputs.ts";

export interface BootstrapIdentityArgs {
  readonly azure: AzureTarget;
  /** The only scope of its role. */
  readonly keyVaultId: pulumi.Input<string>;
  readonly protect: boolean;
}

/** Who vault-bootstrap is in Azure, for all environments: it may read the vault's secrets and nothing else. */
export class BootstrapIdentity extends pulumi.ComponentResource {
  readonly clientId: pulumi.Output<string>;
  readonly resourceName: pulumi.Output<string>;

  constructor(name: string, args: BootstrapIdentityArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ameide-secrets:identity:BootstrapIdentity", name, {}, opts);
    const { azure, keyVaultId, protect } = args;
    const child = { parent: this, protect, retainOnDelete: protect };
    const identity = new UserAssignedIdentity(`${name}-identity`, identityInputs(azure), child);
    const { clientId, principalId, name: resourceName } = identity;
    new RoleAssignment(
      `${name}-secrets-user`,
      secretsUserInputs<pulumi.Input<string>>(azure, {
        name: principalId.apply((principal) => secretsUserName(azure, principal)),
        keyVaultId,
        principalId,
      }),
      {
        ...child,
        // an adopted or older assignment keeps its name until its principal changes: a replacement ignores no change
        ignoreChanges: ["roleAssignmentName"],
        // it holds nothing, and must be replaced with its principal; `retainOnDelete` keeps it wherever it leaves the program
        protect: false,
      },
    );

    this.clientId = clientId;
    this.resourceName = resourceName;
    this.registerOutputs({ clientId, principalId, resourceName });
  }
}

export interface BootstrapFederationArgs {
  readonly azure: AzureTarget;
  /** Name of the identity in `azure.resourceGroup`; an output where the same stack creates it. */
  readonly identityName: pulumi.Input<string>;
  readonly subjects: readonly FederatedSubject[];
}

/** Lets a cluster's ServiceAccounts be the identity. Not protected: it holds no secret and is quickly created again. */
export class BootstrapFederation extends pulumi.ComponentResource {
  /** Settled once Azure has every credential. */
  readonly credentialNames: pulumi.Output<string[]>;

  constructor(name: string, args: BootstrapFederationArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ameide-secrets:identity:BootstrapFederation", name, {}, opts);
    const { azure, identityName, subjects } = args;
    const credentials: FederatedIdentityCredential[] = [];
    for (const subject of subjects) {
      const inputs = federatedCredentialInputs(azure, identityName, subject);
      // one after the other, also when deleted: Azure refuses concurrent writes to one identity with 409 (azure-native#4343)
      const dependsOn = credentials.slice(-1);
      credentials.push(new FederatedIdentityCredential(`${name}-${subject.name}`, inputs, { parent: this, dependsOn }));
    }

    this.credentialNames = pulumi.all(credentials.map((credential) => credential.name));
    this.registerOutputs({ credentialNames: this.credentialNames });
  }
}
