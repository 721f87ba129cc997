import * as pulumi from "@pulumi/pulumi";
import { SecretBackendV2 } from "@pulumi/vault/kv/index.js";
import { Mount } from "@pulumi/vault/mount.js";
import { Policy } from "@pulumi/vault/policy.js";
import type { EnvironmentStack } from "../domain/plan/environment.ts";
import { kvConfigInputs, kvMountInputs, policiesOf, policyInputs } from "../domain/resources/vault-inputs.ts";

export interface VaultEngineArgs {
  readonly stack: EnvironmentStack;
}

/**
 * Where secrets live in an environment, and who may do what with them. The mount asks nobody for check-and-set, since
 * other writers send none and would get 400; vault-bootstrap asks it of itself, name by name.
 */
export class VaultEngine extends pulumi.ComponentResource {
  readonly mount: pulumi.Output<string>;

  constructor(name: string, { stack }: VaultEngineArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ameide-secrets:vault:VaultEngine", name, {}, opts);
    const { protect } = stack.strictness;
    const child = { parent: this };
    const mount = new Mount(`${name}-kv`, kvMountInputs(stack), { ...child, protect, retainOnDelete: protect });
    new SecretBackendV2(`${name}-kv-config`, kvConfigInputs(stack), { ...child, dependsOn: mount });
    for (const policy of policiesOf(stack)) new Policy(`${name}-${policy.name}`, policyInputs(policy), child);

    this.mount = mount.path;
    this.registerOutputs({ mount: this.mount });
  }
}
