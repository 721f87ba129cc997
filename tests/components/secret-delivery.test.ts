import assert from "node:assert/strict";
import { SecretDelivery } from "../../components/secret-delivery.ts";
import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import { recordStack } from "../support/record-stack.ts";
import { environmentStack, localStack } from "../support/stacks.ts";

async function record(stack: EnvironmentStack) {
  const created = await recordStack(() => new SecretDelivery("d", { stack, digest: "0123456789ab" }));
  return { created, named: (child: string) => created.find((one) => one.name === child) };
}

function annotationsOf(inputs: Record<string, unknown> | undefined): Record<string, string> {
  return (inputs?.["metadata"] as { annotations?: Record<string, string> } | undefined)?.annotations ?? {};
}

describe("SecretDelivery", () => {
  it("creates a store per namespace and an ExternalSecret per delivery, and attaches the pull secrets", async () => {
    const { created } = await record(environmentStack());
    assert.deepEqual(created.map(({ type, name }) => `${type} ${name}`).toSorted(), [
      "ameide-secrets:external-secret:SecretDelivery d",
      "kubernetes:core/v1:ServiceAccount d-ameide-dev-ameide-vault-reader",
      "kubernetes:core/v1:ServiceAccount d-argocd-ameide-vault-reader",
      "kubernetes:core/v1:ServiceAccountPatch d-ameide-dev-default-pull-secrets",
      "kubernetes:core/v1:ServiceAccountPatch d-argocd-default-pull-secrets",
      "kubernetes:external-secrets.io/v1:ExternalSecret d-ameide-dev-ghcr-pull-sync",
      "kubernetes:external-secrets.io/v1:ExternalSecret d-ameide-dev-inference-api-credentials-sync",
      "kubernetes:external-secrets.io/v1:ExternalSecret d-ameide-dev-langfuse-secrets-sync",
      "kubernetes:external-secrets.io/v1:ExternalSecret d-argocd-ghcr-pull-sync",
      "kubernetes:external-secrets.io/v1:SecretStore d-ameide-dev-ameide-vault",
      "kubernetes:external-secrets.io/v1:SecretStore d-argocd-ameide-vault",
    ]);
  });

  it("creates each ExternalSecret after the store of its own namespace, and each store after its account", async () => {
    const { named } = await record(environmentStack());
    assert.deepEqual(named("d-argocd-ghcr-pull-sync")?.options.dependsOn, ["d-argocd-ameide-vault"]);
    assert.deepEqual(named("d-ameide-dev-ghcr-pull-sync")?.options.dependsOn, ["d-ameide-dev-ameide-vault"]);
    assert.deepEqual(named("d-argocd-ameide-vault")?.options.dependsOn, ["d-argocd-ameide-vault-reader"]);
  });

  it("waits until stores are Ready, and deliveries for which every value is certain to exist", async () => {
    const { created } = await record(environmentStack());
    const withWait = created.filter(({ inputs }) => annotationsOf(inputs)["pulumi.com/waitFor"] === "condition=Ready");
    assert.deepEqual(withWait.map(({ name }) => name).toSorted(), [
      "d-ameide-dev-ameide-vault",
      "d-ameide-dev-ghcr-pull-sync",
      "d-argocd-ameide-vault",
      "d-argocd-ghcr-pull-sync",
    ]);
  });

  it("also waits for an optional delivery if this program writes its values", async () => {
    const { named } = await record(localStack({ "langfuse-secret-key": "canary" }));
    const waitOf = (name: string) => annotationsOf(named(name)?.inputs)["pulumi.com/waitFor"];
    assert.equal(waitOf("d-ameide-local-langfuse-secrets-sync"), "condition=Ready");
    assert.equal(waitOf("d-ameide-local-inference-api-credentials-sync"), undefined);
  });

  it("writes the digest to every ExternalSecret, so that ESO syncs at once", async () => {
    const { created } = await record(environmentStack());
    const digests = created
      .filter(({ type }) => type.endsWith(":ExternalSecret"))
      .map(({ inputs }) => annotationsOf(inputs)["ameide.io/chain-digest"]);
    assert.deepEqual(digests, Array.from({ length: 4 }).fill("0123456789ab"));
  });

  it("retains stores, their accounts and ExternalSecrets in the cluster, except in local", async () => {
    const left = async (stack: EnvironmentStack) =>
      (await record(stack)).created
        .filter(({ options }) => options.retainOnDelete)
        .map(({ type }) => type.replace(/^.*:/, ""))
        .toSorted();
    assert.deepEqual(await left(environmentStack()), [
      "ExternalSecret",
      "ExternalSecret",
      "ExternalSecret",
      "ExternalSecret",
      "SecretStore",
      "SecretStore",
      "ServiceAccount",
      "ServiceAccount",
    ]);
    assert.deepEqual(await left(localStack()), []);
  });

  it("does not force its pull secrets on an account if another manager owns the list", async () => {
    const { named } = await record(environmentStack());
    assert.deepEqual(named("d-argocd-default-pull-secrets")?.inputs, {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: "default", namespace: "argocd" },
      imagePullSecrets: [{ name: "ghcr-pull" }],
    });
  });
});
