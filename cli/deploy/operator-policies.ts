import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { operatorPolicyNames } from "../../domain/resources/vault-policies.ts";
import { forgetResources } from "./engine/stack.ts";
import type { Change } from "./engine/run-log.ts";

const policyType = "vault:index/policy:Policy";

/**
 * Whether a change is one of a policy that earlier versions of this program had as a resource. The plan deletes it from the
 * state; {@link forgetOperatorPolicies} sees to it that an update deletes nothing in Vault.
 */
export function isOperatorPolicy({ type, name }: Pick<Change, "type" | "name">): boolean {
  return type === policyType && operatorPolicyNames.some((policy) => name.endsWith(`-${policy}`));
}

/** Takes these policies out of a state that an earlier version wrote; Vault keeps them, and the command line writes them. */
export async function forgetOperatorPolicies(stack: Stack): Promise<void> {
  const { deployment } = await stack.exportStack();
  const { resources = [] } = (deployment ?? {}) as {
    readonly resources?: readonly { readonly urn: string; readonly type: string }[];
  };
  const urns = resources
    .filter(({ urn, type }) => isOperatorPolicy({ type, name: urn.slice(urn.lastIndexOf("::") + 2) }))
    .map(({ urn }) => urn);
  if (urns.length > 0) await forgetResources(stack, new Set(urns));
}
