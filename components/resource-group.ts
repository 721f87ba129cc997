import { ResourceGroup as AzureResourceGroup } from "@pulumi/azure-native/resources/index.js";
import * as pulumi from "@pulumi/pulumi";
import type { AzurePlace } from "../domain/plan/environment.ts";
import { resourceGroupInputs } from "../domain/resources/azure-inputs.ts";

export interface ResourceGroupArgs {
  readonly azure: AzurePlace;
}

/** The group that `local` lacks; on a cloud it exists and holds what belongs to others. */
export class ResourceGroup extends pulumi.ComponentResource {
  constructor(name: string, { azure }: ResourceGroupArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ameide-secrets:key-vault:ResourceGroup", name, {}, opts);
    new AzureResourceGroup(`${name}-group`, resourceGroupInputs(azure), { parent: this });
    this.registerOutputs({});
  }
}
