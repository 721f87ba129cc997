import assert from "node:assert/strict";
import { renderManifests } from "../../../domain/manifests/render.ts";
import { environmentStack } from "../../support/stacks.ts";

const render = () => renderManifests(environmentStack(), { clientId: "client" });
const paths = () => render().map(({ path }) => path);

describe("renderManifests", () => {
  it("gives every object of an environment, in the order of the chain, at a path that says what it is", () =>
    assert.deepEqual(paths(), [
      "cluster/ClusterRoleBinding-ameide-secrets-token-review-dev.yaml",
      "cluster/ValidatingAdmissionPolicy-ameide-secrets-externalsecrets-dev.yaml",
      "cluster/ValidatingAdmissionPolicyBinding-ameide-secrets-externalsecrets-dev.yaml",
      "cluster/ValidatingAdmissionPolicy-ameide-secrets-pushsecrets-dev.yaml",
      "cluster/ValidatingAdmissionPolicyBinding-ameide-secrets-pushsecrets-dev.yaml",
      "ameide-dev/ServiceAccount-foundation-vault-bootstrap-vault-bootstrap.yaml",
      "ameide-dev/Role-foundation-vault-bootstrap-vault-bootstrap.yaml",
      "ameide-dev/RoleBinding-foundation-vault-bootstrap-vault-bootstrap.yaml",
      "ameide-dev/ConfigMap-foundation-vault-bootstrap-vault-bootstrap.yaml",
      "ameide-dev/CronJob-foundation-vault-bootstrap-vault-bootstrap.yaml",
      "ameide-dev/ServiceAccount-ameide-vault-reader.yaml",
      "ameide-dev/SecretStore-ameide-vault.yaml",
      "argocd/ServiceAccount-ameide-vault-reader.yaml",
      "argocd/SecretStore-ameide-vault.yaml",
      "ameide-dev/ExternalSecret-ghcr-pull-sync.yaml",
      "argocd/ExternalSecret-ghcr-pull-sync.yaml",
      "ameide-dev/ExternalSecret-langfuse-secrets-sync.yaml",
      "ameide-dev/ExternalSecret-inference-api-credentials-sync.yaml",
      "ameide-dev/ServiceAccount-default.yaml",
      "argocd/ServiceAccount-default.yaml",
    ]));

  it("gives each object a path of its own", () => assert.equal(new Set(paths()).size, paths().length));

  it("gives the same bytes for the same plan", () => assert.equal(JSON.stringify(render()), JSON.stringify(render())));

  it("holds plain data only: nothing that YAML would write in another way", () =>
    assert.deepEqual(JSON.parse(JSON.stringify(render())), render()));

  it("keeps ArgoCD from pruning an ExternalSecret, which would take the live Secret along", () => {
    const kept = render().filter(({ object }) => object.kind === "ExternalSecret");
    assert.deepEqual(
      kept.map(({ object }) => object.metadata.annotations?.["argocd.argoproj.io/sync-options"]),
      Array.from({ length: 4 }).fill("Prune=false,Delete=false"),
    );
  });

  it("holds no Secret", () => assert.ok(!render().some(({ object }) => object.kind === "Secret")));

  it("leaves the admission policies out where admission is off", () => {
    const stack = environmentStack();
    const off = { ...stack, strictness: { ...stack.strictness, admission: "off" as const } };
    assert.ok(!renderManifests(off, { clientId: "client" }).some(({ path }) => path.includes("Admission")));
  });
});
