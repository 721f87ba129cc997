import assert from "node:assert/strict";
import { declaredDelivery, declares, type SecretTarget } from "../../../domain/catalogue/deliveries.ts";
import { readCatalogue } from "../../../environments/catalogue.ts";

const catalogue = readCatalogue();

function declared(
  externalSecret: string,
  target: string,
  where: Partial<SecretTarget> = {},
): ReturnType<typeof declaredDelivery> {
  return declaredDelivery(catalogue, { externalSecret, target, namespace: "ameide-dev", environment: "dev", ...where });
}

describe("declaredDelivery", () => {
  it("recognises a delivery of ours by ExternalSecret, target and namespace together", () => {
    assert.notEqual(declared("langfuse-secrets-sync", "langfuse-secrets"), undefined);
    assert.equal(declared("other", "langfuse-secrets"), undefined);
    assert.equal(declared("langfuse-secrets-sync", "other"), undefined);
    assert.equal(declared("langfuse-secrets-sync", "langfuse-secrets", { namespace: "argocd" }), undefined);
  });
  it("reads the namespaces of pull secrets from the settings", () => {
    assert.notEqual(declared("ghcr-pull-sync", "ghcr-pull", { namespace: "argocd" }), undefined);
  });
  it("recognises one that something else creates, in the namespaces of the catalogue", () => {
    assert.notEqual(declared("argocd-secret-sync", "argocd-secret", { namespace: "argocd" }), undefined);
    assert.equal(declared("argocd-secret-sync", "argocd-secret"), undefined);
    assert.notEqual(declared("arc-github-auth-sync", "arc-github-auth", { namespace: "arc-systems" }), undefined);
  });
  it("uses each environment's own namespace in that environment, and all of them if the environment is unknown", () => {
    const found = (environment: SecretTarget["environment"]): readonly boolean[] =>
      ["ameide-dev", "ameide-prod", "elsewhere"].map(
        (namespace) => declared("langfuse-secrets-sync", "langfuse-secrets", { environment, namespace }) !== undefined,
      );
    assert.deepEqual(found("dev"), [true, false, false]);
    assert.deepEqual(found("prod"), [false, true, false]);
    assert.deepEqual(found("shared"), [true, true, false]);
  });
  it("recognises none in an environment that it does not list", () => {
    assert.notEqual(declared("coder-cli-auth-sync", "coder-cli-auth"), undefined);
    assert.equal(
      declared("coder-cli-auth-sync", "coder-cli-auth", { environment: "prod", namespace: "ameide-prod" }),
      undefined,
    );
  });
  it("accepts a namespace that is not known yet", () => {
    assert.notEqual(declared("www-ameide-auth-sync", "www-ameide-auth", { namespace: undefined }), undefined);
  });
});

describe("declares", () => {
  it("accepts the declared path under the declared key only", () => {
    const found = declared("www-ameide-auth-sync", "www-ameide-auth");
    assert.ok(found !== undefined);
    assert.equal(declares(found, "AUTH_SECRET", "www-ameide-auth-secret"), true);
    assert.equal(declares(found, "AUTH_SECRET", "www-ameide-keycloak-secret"), false);
    assert.equal(declares(found, "OTHER", "www-ameide-auth-secret"), false);
  });
  it("accepts any key if the declaration has none", () => {
    const found = declared("workrequests-github-token-sync", "workrequests-github-token");
    assert.ok(found !== undefined);
    assert.equal(declares(found, "anything", "ghcr-token"), true);
    assert.equal(declares(found, "anything", "openai-api-key"), false);
  });
  it("accepts any environment's name for <env>", () => {
    const found = declared("gitlab-api-credentials-sync", "gitlab-api-credentials");
    assert.ok(found !== undefined);
    assert.equal(declares(found, "GITLAB_TOKEN", "gitlab/tokens/dev/backstage"), true);
    assert.equal(declares(found, "GITLAB_TOKEN", "gitlab/tokens/other/backstage"), false);
  });
});
