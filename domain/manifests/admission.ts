import type { EnvironmentStack, Strictness } from "../plan/environment.ts";
import { externalSecretPolicy } from "./admission-external-secret.ts";
import type { GuardedStack } from "./admission-policy.ts";
import { pushSecretPolicy } from "./admission-push-secret.ts";
import { clusterGeneratorPolicy, clusterSecretStorePolicy, secretStorePolicy } from "./admission-store.ts";
import { ourLabels } from "./labels.ts";

/** Every admission policy of an environment with its binding; none where admission is off. */
export function admissionGuards(stack: EnvironmentStack) {
  if (stack.strictness.admission === "off") return [];
  return policiesOf(stack).map((policy) => ({
    resource: policy.spec.matchConstraints.resourceRules.flatMap(({ resources }) => resources).join("-"),
    policy,
    binding: admissionBinding(stack, policy.metadata.name),
  }));
}

/** Ids of the pack's rules that admission enforces on each resource, as its messages name them. */
export function admissionRules(stack: GuardedStack): ReadonlyMap<string, ReadonlySet<string>> {
  return new Map(
    policiesOf(stack).map(({ spec }) => {
      const resource = spec.matchConstraints.resourceRules[0]?.resources[0] ?? "";
      const ids = spec.validations.flatMap(({ message }) =>
        message.slice(message.lastIndexOf("[") + 1, -1).split(", "),
      );
      return [resource, new Set(ids)];
    }),
  );
}

function policiesOf(stack: GuardedStack) {
  return [
    externalSecretPolicy(stack),
    pushSecretPolicy(stack),
    secretStorePolicy(stack),
    clusterSecretStorePolicy(stack),
    clusterGeneratorPolicy(stack),
  ];
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
        // an object of the whole cluster is judged whatever this says
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
