import assert from "node:assert/strict";
import { applicationPatch, renderManifests } from "../../../domain/manifests/render.ts";
import { environmentStack } from "../../support/stacks.ts";

const render = () => renderManifests(environmentStack(), { clientId: "client" });
const paths = () => render().map(({ path }) => path);

describe("renderManifests", () => {
  it("renders every object of an environment, in the order of the pipeline, at a path that describes it", () =>
    assert.deepEqual(paths(), [
      "cluster/ClusterRoleBinding-ameide-secrets-token-review-dev.yaml",
      "cluster/ValidatingAdmissionPolicy-ameide-secrets-externalsecrets-dev.yaml",
      "cluster/ValidatingAdmissionPolicyBinding-ameide-secrets-externalsecrets-dev.yaml",
      "cluster/ValidatingAdmissionPolicy-ameide-secrets-pushsecrets-dev.yaml",
      "cluster/ValidatingAdmissionPolicyBinding-ameide-secrets-pushsecrets-dev.yaml",
      "cluster/ValidatingAdmissionPolicy-ameide-secrets-secretstores-dev.yaml",
      "cluster/ValidatingAdmissionPolicyBinding-ameide-secrets-secretstores-dev.yaml",
      "cluster/ValidatingAdmissionPolicy-ameide-secrets-clustersecretstores-dev.yaml",
      "cluster/ValidatingAdmissionPolicyBinding-ameide-secrets-clustersecretstores-dev.yaml",
      "cluster/ValidatingAdmissionPolicy-ameide-secrets-clustergenerators-dev.yaml",
      "cluster/ValidatingAdmissionPolicyBinding-ameide-secrets-clustergenerators-dev.yaml",
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

  it("gives each object its own path", () => assert.equal(new Set(paths()).size, paths().length));

  it("gives the same bytes for the same plan", () => assert.equal(JSON.stringify(render()), JSON.stringify(render())));

  it("contains plain data only: nothing that YAML would write in another way", () =>
    assert.deepEqual(JSON.parse(JSON.stringify(render())), render()));

  it("prevents ArgoCD from pruning an ExternalSecret, which would delete the live Secret", () => {
    const kept = render().filter(({ object }) => object.kind === "ExternalSecret");
    assert.deepEqual(
      kept.map(({ object }) => object.metadata.annotations?.["argocd.argoproj.io/sync-options"]),
      Array.from({ length: 4 }).fill("Prune=false,Delete=false"),
    );
  });

  it("writes an Application patch so that ArgoCD does not undo a sync by vault-bootstrap, and sets that annotation nowhere", () => {
    const [{ group, kind, jsonPointers } = { group: "", kind: "", jsonPointers: [] }] =
      applicationPatch.spec.ignoreDifferences;
    const ours = render().filter(({ object }) => object.kind === kind && object.apiVersion.startsWith(`${group}/`));
    assert.equal(ours.length, 4);
    assert.deepEqual(jsonPointers, ["/metadata/annotations/force-sync"]);
    for (const { object } of ours) assert.ok(!("force-sync" in (object.metadata.annotations ?? {})));
  });

  it("prevents ArgoCD from pruning an account of the namespace", () => {
    const accounts = render().filter(({ path }) => path.endsWith("ServiceAccount-default.yaml"));
    assert.deepEqual(
      accounts.map(({ object }) => object.metadata.annotations?.["argocd.argoproj.io/sync-options"]),
      Array.from({ length: 2 }).fill("ServerSideApply=true,Prune=false,Delete=false"),
    );
  });

  it("requests server-side apply for an object that is too large for the annotation of client-side apply: 256 KiB", () => {
    const stack = environmentStack();
    const bundled = { ...stack, bootstrap: { ...stack.bootstrap, bundle: "x".repeat(480_000) } };
    const large = renderManifests(bundled, { clientId: "client" }).filter(
      ({ object }) => JSON.stringify(object).length > 200 * 1024,
    );
    assert.deepEqual(
      large.map(({ object }) => object.metadata.annotations?.["argocd.argoproj.io/sync-options"]),
      ["ServerSideApply=true"],
    );
  });

  it("does not let sync waves wait for an ExternalSecret that may lack a value", () => {
    const ignored = render().filter(
      ({ object }) => object.metadata.annotations?.["argocd.argoproj.io/ignore-healthcheck"] === "true",
    );
    assert.deepEqual(
      ignored.map(({ object }) => object.metadata.name),
      ["langfuse-secrets-sync", "inference-api-credentials-sync"],
    );
  });

  it("contains no Secret", () => assert.ok(!render().some(({ object }) => object.kind === "Secret")));

  it("leaves out the admission policies if admission is off", () => {
    const stack = environmentStack();
    const off = { ...stack, strictness: { ...stack.strictness, admission: "off" as const } };
    assert.ok(!renderManifests(off, { clientId: "client" }).some(({ path }) => path.includes("Admission")));
  });
});
