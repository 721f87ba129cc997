import {
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from "@pulumi/kubernetes/admissionregistration/v1/index.js";
import * as pulumi from "@pulumi/pulumi";
import type { EnvironmentStack } from "../domain/plan/environment.ts";
import { admissionGuards } from "../domain/manifests/admission.ts";

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
    for (const { resource, policy, binding } of admissionGuards(stack)) {
      const made = new ValidatingAdmissionPolicy(`${name}-${resource}`, policy, { parent: this });
      new ValidatingAdmissionPolicyBinding(`${name}-${resource}-binding`, binding, { parent: this, dependsOn: made });
    }
    this.registerOutputs({});
  }
}
