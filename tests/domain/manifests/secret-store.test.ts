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

  it("has the Vault namespace, the mounts and the CA of the settings", () => {
    const company = { ...stack.vault, namespace: "platform/dev", mount: "kv-dev", authMount: "k8s-dev" };
    const byText = secretStore(own, { vault: { ...company, podCa: { pem: "PEM of a CA\n" } } }).spec.provider.vault;
    assert.deepEqual(
      [byText.namespace, byText.path, byText.auth.kubernetes.mountPath, byText.caBundle],
      ["platform/dev", "kv-dev", "k8s-dev", Buffer.from("PEM of a CA\n").toString("base64")],
    );
    const podCa = { kind: "ConfigMap", name: "company-ca", key: "ca.crt" } as const;
    const byReference = secretStore(own, { vault: { ...company, podCa } }).spec.provider.vault;
    assert.deepEqual(byReference.caProvider, { type: "ConfigMap", name: "company-ca", key: "ca.crt" });
    assert.equal(byReference.caBundle, undefined);
  });

  it("gives each namespace its own role", () =>
    assert.equal(secretStore(argocd, stack).spec.provider.vault.auth.kubernetes.role, "ameide-secrets-reader-argocd"));

  it("keeps the name of document 451", () =>
    assert.deepEqual(secretStore(argocd, stack).metadata, {
      name: "ameide-vault",
      namespace: "argocd",
      labels: { "app.kubernetes.io/part-of": "ameide-secrets" },
    }));
});

describe("readerServiceAccount", () => {
  it("is not mounted into a pod: only ESO requests its token", () => {
    const { metadata, automountServiceAccountToken } = readerServiceAccount(own);
    assert.deepEqual([metadata.name, metadata.namespace], ["ameide-vault-reader", "ameide-dev"]);
    assert.equal(automountServiceAccountToken, false);
  });
});
