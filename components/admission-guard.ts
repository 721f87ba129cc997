import {
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from "@pulumi/kubernetes/admissionregistration/v1/index.js";
import * as pulumi from "@pulumi/pulumi";
import type { EnvironmentStack } from "../domain/plan/environment.ts";
import { admissionBinding, externalSecretPolicy, pushSecretPolicy } from "../domain/manifests/admission.ts";

export interface AdmissionGuardArgs {
  /** With `strictness.admission` off, nothing is made. */
  readonly stack: EnvironmentStack;
}

/**
 * The catalogue as a rule of the API server: what others apply to the environment's namespaces is held to it as well.
 * `deny` only after the live objects were scanned: what is there already stays, but can no longer be changed.
 */
export class AdmissionGuard extends pulumi.ComponentResource {
  constructor(name: string, { stack }: AdmissionGuardArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ameide-secrets:external-secret:AdmissionGuard", name, {}, opts);
    const policies = stack.strictness.admission === "off" ? [] : [externalSecretPolicy(stack), pushSecretPolicy(stack)];
    for (const policy of policies) guard(name, stack, policy, { parent: this });
    this.registerOutputs({});
  }
}

function guard(
  name: string,
  stack: EnvironmentStack,
  policy: ReturnType<typeof externalSecretPolicy>,
  opts: pulumi.CustomResourceOptions,
) {
  const [resource = "policy"] = policy.spec.matchConstraints.resourceRules.flatMap(({ resources }) => resources);
  const made = new ValidatingAdmissionPolicy(`${name}-${resource}`, policy, opts);
  const binding = admissionBinding(stack, policy.metadata.name);
  new ValidatingAdmissionPolicyBinding(`${name}-${resource}-binding`, binding, { ...opts, dependsOn: made });
}
