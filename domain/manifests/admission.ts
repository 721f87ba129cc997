import type { EnvironmentStack, Strictness } from "../plan/environment.ts";
import { externalSecretPolicy } from "./admission-external-secret.ts";
import { pushSecretPolicy } from "./admission-push-secret.ts";
import { ourLabels } from "./marks.ts";

/** Every admission policy of an environment with its binding; none where admission is off. */
export function admissionGuards(stack: EnvironmentStack) {
  if (stack.strictness.admission === "off") return [];
  return [externalSecretPolicy(stack), pushSecretPolicy(stack)].map((policy) => ({
    resource: policy.spec.matchConstraints.resourceRules.flatMap(({ resources }) => resources).join("-"),
    policy,
    binding: admissionBinding(stack, policy.metadata.name),
  }));
}

/** Where a policy holds, and how hard: recorded in the audit log, warned to the caller, or refused. */
function admissionBinding({ plan, strictness }: Pick<EnvironmentStack, "plan" | "strictness">, policyName: string) {
  return {
    apiVersion: "admissionregistration.k8s.io/v1" as const,
    kind: "ValidatingAdmissionPolicyBinding" as const,
    metadata: { name: policyName, labels: ourLabels },
    spec: {
      policyName,
      validationActions: validationActions(strictness.admission),
      matchResources: {
        namespaceSelector: {
          matchExpressions: [
            {
              key: "kubernetes.io/metadata.name",
              operator: "In",
              values: [...new Set(plan.stores.map(({ namespace }) => namespace))],
            },
          ],
        },
      },
    },
  };
}

function validationActions(stage: Strictness["admission"]): string[] {
  switch (stage) {
    case "off":
      return [];
    case "audit":
      return ["Audit"];
    case "warn":
      return ["Warn", "Audit"];
    case "deny":
      return ["Deny"];
  }
}
