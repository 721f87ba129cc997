import assert from "node:assert/strict";
import { AdmissionGuard } from "../../components/secret-delivery.ts";
import type { Strictness } from "../../domain/plan/environment.ts";
import { recordStack } from "../support/record-stack.ts";
import { environmentStack } from "../support/stacks.ts";

function record(admission: Strictness["admission"]) {
  const stack = environmentStack();
  const strictness = { ...stack.strictness, admission };
  return recordStack(() => new AdmissionGuard("guard", { stack: { ...stack, strictness } }));
}

const api = "kubernetes:admissionregistration.k8s.io/v1";

describe("AdmissionGuard", () => {
  it("creates a policy and a binding for what fetches, what pushes, and for the stores of both", async () => {
    const resources = ["clustergenerators", "clustersecretstores", "externalsecrets", "pushsecrets", "secretstores"];
    assert.deepEqual((await record("deny")).map(({ type, name }) => `${type} ${name}`).toSorted(), [
      "ameide-secrets:external-secret:AdmissionGuard guard",
      ...resources.map((name) => `${api}:ValidatingAdmissionPolicy guard-${name}`),
      ...resources.map((name) => `${api}:ValidatingAdmissionPolicyBinding guard-${name}-binding`),
    ]);
  });

  it("creates nothing if admission is off", async () => {
    assert.deepEqual(
      (await record("off")).map(({ name }) => name),
      ["guard"],
    );
  });

  for (const [stage, actions] of [
    ["audit", ["Audit"]],
    ["warn", ["Warn", "Audit"]],
    ["deny", ["Deny"]],
  ] as const) {
    it(`binds with ${actions.join(" and ")} in stage ${stage}, to the environment's namespaces only`, async () => {
      const binding = (await record(stage)).find(({ name }) => name === "guard-externalsecrets-binding");
      assert.deepEqual(binding?.inputs["spec"], {
        policyName: "ameide-secrets-externalsecrets-dev",
        validationActions: actions,
        matchResources: {
          namespaceSelector: {
            matchExpressions: [
              { key: "kubernetes.io/metadata.name", operator: "In", values: ["ameide-dev", "argocd"] },
            ],
          },
        },
      });
    });
  }
});
