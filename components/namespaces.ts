import { Namespace } from "@pulumi/kubernetes/core/v1/index.js";
import * as pulumi from "@pulumi/pulumi";
import type { EnvironmentStack } from "../domain/plan/environment.ts";
import { namespaces } from "../domain/manifests/namespace.ts";

export interface NamespacesArgs {
  readonly stack: EnvironmentStack;
}

/** The namespaces that `local` lacks; everywhere else they exist and belong to others. */
export class Namespaces extends pulumi.ComponentResource {
  constructor(name: string, { stack }: NamespacesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ameide-secrets:secret-store:Namespaces", name, {}, opts);
    for (const namespace of namespaces(stack)) {
      new Namespace(`${name}-${namespace.metadata.name}`, namespace, { parent: this });
    }
    this.registerOutputs({});
  }
}
