import assert from "node:assert/strict";
import type { BootstrapConfig } from "../../../domain/bootstrap-config.ts";
import {
  bootstrapRole,
  bootstrapRoleBinding,
  bootstrapServiceAccount,
  deliveryAccess,
} from "../../../domain/manifests/bootstrap-access.ts";
import { azure, environmentStack } from "../../support/stacks.ts";

function rulesWith(changes: Partial<BootstrapConfig["vault"]>, source?: BootstrapConfig["source"]) {
  const { bootstrap } = environmentStack();
  const { config } = bootstrap;
  const other = { ...config, vault: { ...config.vault, ...changes }, source: source ?? config.source };
  return bootstrapRole(environmentStack("dev", { bootstrap: { ...bootstrap, config: other } })).rules.map(
    (rule) =>
      `${rule.verbs.join(",")} ${rule.resources.join(",")} ${(("resourceNames" in rule ? rule.resourceNames : undefined) ?? ["*"]).join(",")}`,
  );
}

const rest = [
  "get,update,patch configmaps vault-bootstrap-status",
  "create configmaps *",
  "get,update,patch leases vault-bootstrap",
  "create leases *",
];

describe("bootstrapServiceAccount", () => {
  it("has the identity's client id and tenant", () =>
    assert.deepEqual(bootstrapServiceAccount(environmentStack(), "client").metadata.annotations, {
      "azure.workload.identity/client-id": "client",
      "azure.workload.identity/tenant-id": azure.tenantId,
    }));
});

describe("bootstrapRole", () => {
  it("may read Vault's credentials and create them once, but never change or delete them", () =>
    assert.deepEqual(rulesWith({ initialise: true }), [
      "get secrets vault-auto-credentials",
      "create secrets *",
      ...rest,
    ]));

  it("may create no Secret if Vault may not be initialised", () =>
    assert.deepEqual(rulesWith({ initialise: false }), ["get secrets vault-auto-credentials", ...rest]));

  it("may read no Secret if a key service unseals Vault", () =>
    assert.deepEqual(rulesWith({ initialise: false, unseal: "kms" }), rest));

  it("may read the one Secret that is its source on a cluster without Azure", () =>
    assert.deepEqual(
      rulesWith({ initialise: false, unseal: "kms" }, { type: "kubernetes-secret", name: "env", key: "k" }),
      ["get secrets env", ...rest],
    ));
});

describe("bootstrapRoleBinding", () => {
  it("binds the role to the bootstrap's account only", () => {
    const { roleRef, subjects } = bootstrapRoleBinding(environmentStack());
    const name = "foundation-vault-bootstrap-vault-bootstrap";
    assert.deepEqual(roleRef, { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name });
    assert.deepEqual(subjects, [{ kind: "ServiceAccount", name, namespace: "ameide-dev" }]);
  });
});

describe("deliveryAccess", () => {
  it("may change only the ExternalSecrets of the configuration, in each namespace that has any", () => {
    const { bootstrap } = environmentStack();
    const reads = (namespace: string, name: string) => ({ namespace, name, paths: ["ghcr-token"] });
    const deliveries = [reads("ameide-dev", "b"), reads("ameide-dev", "a"), reads("argocd", "b")];
    const stack = environmentStack("dev", { bootstrap: { ...bootstrap, config: { ...bootstrap.config, deliveries } } });
    const group = { apiGroups: ["external-secrets.io"], resources: ["externalsecrets"] };
    assert.deepEqual(
      deliveryAccess(stack).map(({ namespace, role }) => [namespace, role.metadata.namespace, role.rules]),
      [
        [
          "ameide-dev",
          "ameide-dev",
          [
            { ...group, resourceNames: ["a", "b"], verbs: ["patch"] },
            { ...group, verbs: ["list", "watch"] },
          ],
        ],
        [
          "argocd",
          "argocd",
          [
            { ...group, resourceNames: ["b"], verbs: ["patch"] },
            { ...group, verbs: ["list", "watch"] },
          ],
        ],
      ],
    );
    for (const { role, binding } of deliveryAccess(stack)) {
      assert.deepEqual(binding.subjects, [{ kind: "ServiceAccount", name: bootstrap.name, namespace: "ameide-dev" }]);
      assert.deepEqual([binding.metadata, binding.roleRef.name], [role.metadata, role.metadata.name]);
    }
  });

  it("is empty if nothing is delivered", () => assert.deepEqual(deliveryAccess(environmentStack()), []));
});
