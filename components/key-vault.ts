import * as pulumi from "@pulumi/pulumi";
import { Secret, Vault } from "@pulumi/azure-native/keyvault/index.js";
import type { AzureTarget } from "../domain/plan/environment.ts";
import type { Redacted } from "../domain/redacted.ts";
import { keyVaultInputs, keyVaultSecretInputs, resourceGroupInputs } from "../domain/resources/azure-inputs.ts";
import { ResourceGroup as AzureResourceGroup } from "@pulumi/azure-native/resources/index.js";

/** The group that `local` lacks; on a cloud it exists and holds what belongs to others. */
export class ResourceGroup extends pulumi.ComponentResource {
  constructor(name: string, { azure }: { readonly azure: AzureTarget }, opts?: pulumi.ComponentResourceOptions) {
    super("ameide-secrets:key-vault:ResourceGroup", name, {}, opts);
    new AzureResourceGroup(`${name}-group`, resourceGroupInputs(azure), { parent: this });
    this.registerOutputs({});
  }
}

export interface KeyVaultArgs {
  readonly azure: AzureTarget;
  /** Key Vault name -> value; empty where `ameide-secrets env push` writes the values. */
  readonly secrets: ReadonlyMap<string, Redacted>;
  /** Whether vault and secrets outlive this program: protected, and left in place when they leave it. */
  readonly protect: boolean;
}

/** The vault that all environments read. What is deleted can be restored for 90 days, and nobody can shorten that. */
export class KeyVault extends pulumi.ComponentResource {
  readonly id: pulumi.Output<string>;
  readonly uri: pulumi.Output<string>;
  /** Of the values that this program wrote, in the order of their names: a new value has a new version. No secret. */
  readonly secretVersions: pulumi.Output<string[]>;

  constructor(name: string, args: KeyVaultArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ameide-secrets:key-vault:KeyVault", name, {}, opts);
    const { azure, protect } = args;
    const child = { parent: this, protect, retainOnDelete: protect };
    // createMode only matters at creation; without ignoreChanges, removing `recover` would replace the vault
    const ignoreChanges = ["properties.createMode"];
    const vault = new Vault(`${name}-vault`, keyVaultInputs(azure), { ...child, ignoreChanges });
    // `properties` is marked secret as a whole: the provider stores its inputs next to what Azure returns
    const inVault = { ...child, dependsOn: vault, additionalSecretOutputs: ["properties"] };
    const secrets = [...args.secrets]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([secret, value]) => [secret, keyVaultSecretInputs(azure, secret, pulumi.secret(value.reveal()))] as const)
      .map(([secret, inputs]) => new Secret(`${name}-${secret}`, inputs, inVault));

    this.id = vault.id;
    this.uri = vault.properties.apply(({ vaultUri }) => vaultUri ?? azure.keyVaultUri);
    this.secretVersions = pulumi.all(secrets.map(versionOf));
    this.registerOutputs({ id: this.id, uri: this.uri });
  }
}

/** The version's address ends in a random identifier: it shows that a value changed, and nothing about the value. */
function versionOf(secret: Secret): pulumi.Output<string> {
  return pulumi.unsecret(secret.properties.apply(({ secretUriWithVersion }) => secretUriWithVersion));
}
