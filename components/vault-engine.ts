import * as pulumi from "@pulumi/pulumi";
import { SecretBackendV2 } from "@pulumi/vault/kv/index.js";
import { Mount } from "@pulumi/vault/mount.js";
import { Policy } from "@pulumi/vault/policy.js";
import { vaultPolicies, type VaultPolicy } from "../domain/resources/vault-policies.ts";
import type { EnvironmentStack } from "../domain/plan/environment.ts";

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
    const mount = kvMount(name, stack, { ...child, protect, retainOnDelete: protect });
    kvConfiguration(name, stack, { ...child, dependsOn: mount });
    for (const policy of policiesOf(stack)) aclPolicy(name, policy, child);

    this.mount = mount.path;
    this.registerOutputs({ mount: this.mount });
  }
}

function kvMount(name: string, { vault }: EnvironmentStack, opts: pulumi.CustomResourceOptions): Mount {
  return new Mount(
    `${name}-kv`,
    { path: vault.mount, type: "kv", options: { version: "2" }, description: "secrets, one value a path" },
    opts,
  );
}

function kvConfiguration(
  name: string,
  { vault, strictness }: EnvironmentStack,
  opts: pulumi.CustomResourceOptions,
): SecretBackendV2 {
  return new SecretBackendV2(
    `${name}-kv-config`,
    { mount: vault.mount, maxVersions: strictness.maxVersions, casRequired: false },
    opts,
  );
}

function policiesOf({ plan, bootstrap, strictness }: EnvironmentStack): readonly VaultPolicy[] {
  return vaultPolicies({ plan, config: bootstrap.config, mayUnmount: !strictness.protect });
}

function aclPolicy(
  name: string,
  { name: policyName, policy }: VaultPolicy,
  opts: pulumi.CustomResourceOptions,
): Policy {
  return new Policy(`${name}-${policyName}`, { name: policyName, policy }, opts);
}
