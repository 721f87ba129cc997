import assert from "node:assert/strict";
import { awaitedDeliveries } from "../../domain/awaited.ts";
import type { PlannedSecret } from "../../domain/plan.ts";
import { environmentStack, localStack } from "../support/stacks.ts";

const names = (stack: Parameters<typeof awaitedDeliveries>[0]) =>
  [...awaitedDeliveries(stack)].map(({ namespace, name }) => `${namespace}/${name}`);

function withSecret(name: string, change: Partial<PlannedSecret>) {
  const stack = environmentStack();
  const secrets = stack.plan.secrets.map((secret) =>
    secret.name === name ? Object.assign({}, secret, change) : secret,
  );
  return { plan: { ...stack.plan, secrets } };
}

const pull = ["ameide-dev/ghcr-pull-sync", "argocd/ghcr-pull-sync"];
const langfuse = "ameide-dev/langfuse-secrets-sync";

describe("awaitedDeliveries", () => {
  it("holds those whose every secret is required", () => assert.deepEqual(names(environmentStack()), pull));

  it("holds one whose secret has a fixture", () =>
    assert.deepEqual(names(withSecret("langfuse-secret-key", { fixture: "sample" })), [...pull, langfuse]));

  it("holds one whose secret is generated", () =>
    assert.deepEqual(names(withSecret("langfuse-secret-key", { authority: "generated" })), [...pull, langfuse]));

  it("leaves out one that lacks a single value", () =>
    assert.ok(
      !names(withSecret("openai-api-key", { required: true })).includes("ameide-dev/inference-api-credentials-sync"),
    ));

  it("holds one whose values this very stack carries", () =>
    assert.deepEqual(
      names(localStack({ "anthropic-api-key": "canary", "openai-api-key": "canary" })).at(-1),
      "ameide-local/inference-api-credentials-sync",
    ));
});
