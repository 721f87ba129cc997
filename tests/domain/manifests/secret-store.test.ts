import assert from "node:assert/strict";
import { readerServiceAccount, secretStore } from "../../../domain/manifests/secret-store.ts";
import { environmentStack } from "../../support/stacks.ts";

const stack = environmentStack();
const [own, argocd] = stack.plan.stores;
assert.ok(own && argocd);

describe("secretStore", () => {
  it("points to the environment's own Vault, as pods reach it", () =>
    assert.deepEqual(secretStore(own, stack).spec.provider.vault, {
      server: "http://vault-core-dev.ameide-dev.svc.cluster.local:8200",
      path: "secret",
      version: "v2",
      auth: {
        kubernetes: {
          mountPath: "kubernetes",
          role: "ameide-secrets-reader-ameide-dev",
          serviceAccountRef: { name: "ameide-vault-reader" },
        },
      },
    }));

  it("gives each namespace a role of its own", () =>
    assert.equal(secretStore(argocd, stack).spec.provider.vault.auth.kubernetes.role, "ameide-secrets-reader-argocd"));

  it("keeps the seed's name", () =>
    assert.deepEqual(secretStore(argocd, stack).metadata, {
      name: "ameide-vault",
      namespace: "argocd",
      labels: { "app.kubernetes.io/part-of": "ameide-secrets" },
    }));
});

describe("readerServiceAccount", () => {
  it("mounts its token into no pod: only ESO asks for one", () => {
    const { metadata, automountServiceAccountToken } = readerServiceAccount(own);
    assert.deepEqual([metadata.name, metadata.namespace], ["ameide-vault-reader", "ameide-dev"]);
    assert.equal(automountServiceAccountToken, false);
  });
});
