import { bootstrapWriters } from "../bootstrap-writers.ts";
import type { EnvironmentStack } from "../plan/environment.ts";
import { patcherPolicyName, patcherRole } from "./vault-policies.ts";

/** One way to log in by Kubernetes auth: exactly one account of one namespace, with one policy. */
export interface VaultRole {
  readonly name: string;
  readonly namespace: string;
  /** Never `default`: any pod of the namespace could take the role. */
  readonly serviceAccount: string;
  readonly policy: string;
  /** Its tokens go without Vault's default policy: the one that is named says all that they need. */
  readonly noDefaultPolicy?: true;
}

/** A role for each consumer: the stores, vault-bootstrap, and the client-patcher where Keycloak clients are declared. */
export function vaultRoles({
  plan,
  bootstrap,
  namespace,
}: Pick<EnvironmentStack, "plan" | "bootstrap" | "namespace">): readonly VaultRole[] {
  return [
    ...plan.stores.map((store) => ({
      name: store.role,
      namespace: store.namespace,
      serviceAccount: store.serviceAccount,
      policy: store.policy,
    })),
    ...bootstrapWriters(bootstrap.config).map(({ role }) => ({
      name: role,
      namespace,
      serviceAccount: bootstrap.name,
      policy: role,
      noDefaultPolicy: true as const,
    })),
    ...(plan.patcherPaths.length > 0
      ? [{ name: patcherRole, namespace, serviceAccount: "keycloak-client-patcher", policy: patcherPolicyName }]
      : []),
  ];
}
