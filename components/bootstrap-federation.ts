import { FederatedIdentityCredential } from "@pulumi/azure-native/managedidentity/index.js";
import * as pulumi from "@pulumi/pulumi";
import type { AzurePlace, FederatedSubject } from "../domain/plan/environment.ts";
import { federatedCredentialInputs } from "../domain/resources/azure-inputs.ts";

export interface BootstrapFederationArgs {
  readonly azure: AzurePlace;
  /** Name of the identity in `azure.resourceGroup`; an output where the same stack makes it. */
  readonly identityName: pulumi.Input<string>;
  readonly subjects: readonly FederatedSubject[];
}

/**
 * Lets a cluster's ServiceAccounts be the identity, by exact issuer, subject and audience. It holds no secret and is made
 * again in seconds: not protected, so that an environment can be taken down.
 */
export class BootstrapFederation extends pulumi.ComponentResource {
  /** Settled once Azure has every credential. */
  readonly credentialNames: pulumi.Output<string[]>;

  constructor(name: string, args: BootstrapFederationArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ameide-secrets:identity:BootstrapFederation", name, {}, opts);
    const credentials = credentialsInSeries(name, args, { parent: this });

    this.credentialNames = pulumi.all(credentials.map((credential) => credential.name));
    this.registerOutputs({ credentialNames: this.credentialNames });
  }
}

/** One after the other, also when deleted: Azure refuses concurrent writes to one identity with 409 (azure-native#4343). */
function credentialsInSeries(
  name: string,
  { azure, identityName, subjects }: BootstrapFederationArgs,
  opts: pulumi.CustomResourceOptions,
): FederatedIdentityCredential[] {
  const credentials: FederatedIdentityCredential[] = [];
  for (const subject of subjects) {
    const previous = credentials.at(-1);
    credentials.push(
      new FederatedIdentityCredential(
        `${name}-${subject.name}`,
        federatedCredentialInputs(azure, identityName, subject),
        { ...opts, ...(previous === undefined ? {} : { dependsOn: previous }) },
      ),
    );
  }
  return credentials;
}
