import type { EnvironmentStack } from "../plan/environment.ts";
import { externalSecretPolicy } from "./admission-external-secret.ts";
import type { GuardedStack } from "./admission-policy.ts";
import { pushSecretPolicy } from "./admission-push-secret.ts";
import { clusterGeneratorPolicy, clusterSecretStorePolicy, secretStorePolicy } from "./admission-store.ts";
import { ourLabels } from "./labels.ts";

/** What the API server does with a refusal: record it in the audit log, warn the caller, or refuse the request. */
const validationActions = { off: [], audit: ["Audit"], warn: ["Warn", "Audit"], deny: ["Deny"] } as const;

/** Every admission policy of an environment with its binding; none where admission is off. */
export function admissionGuards(stack: EnvironmentStack) {
  const { plan, strictness } = stack;
  if (strictness.admission === "off") return [];
  const namespaces = [...new Set(plan.stores.map(({ namespace }) => namespace))];
  return policiesOf(stack).map(({ resource, policy }) => {
    const { name } = policy.metadata;
    const binding = {
      apiVersion: "admissionregistration.k8s.io/v1" as const,
      kind: "ValidatingAdmissionPolicyBinding" as const,
      metadata: { name, labels: ourLabels },
      spec: {
        policyName: name,
        validationActions: [...validationActions[strictness.admission]],
        matchResources: {
          // an object of the whole cluster is judged whatever this says
          namespaceSelector: {
            matchExpressions: [{ key: "kubernetes.io/metadata.name", operator: "In", values: namespaces }],
          },
        },
      },
    };
    return { resource, policy, binding };
  });
}

/** Ids of the pack's rules that admission enforces on each resource, as its messages name them. */
export function admissionRules(stack: GuardedStack): ReadonlyMap<string, ReadonlySet<string>> {
  return new Map(
    policiesOf(stack).map(({ resource, policy: { spec } }) => {
      const idsIn = (message: string) => message.slice(message.lastIndexOf("[") + 1, -1).split(", ");
      return [resource, new Set(spec.validations.flatMap(({ message }) => idsIn(message)))];
    }),
  );
}

function policiesOf(stack: GuardedStack) {
  return [externalSecretPolicy, pushSecretPolicy, secretStorePolicy, clusterSecretStorePolicy, clusterGeneratorPolicy]
    .map((policyOf) => policyOf(stack))
    .map((policy) => ({ policy, resource: policy.spec.matchConstraints.resourceRules[0]?.resources[0] ?? "" }));
}
