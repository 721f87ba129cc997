import assert from "node:assert/strict";
import { valuesInState, missingValues } from "../../../domain/plan/update-check.ts";
import { environmentStack, localStack, sharedStack } from "../../support/stacks.ts";

const secret = (secretName: string, rest = {}) => ({
  type: "azure-native:keyvault:Secret",
  inputs: { secretName },
  ...rest,
});

describe("valuesInState", () => {
  it("names the Key Vault secrets of a state", () =>
    assert.deepEqual(
      valuesInState({
        resources: [secret("ghcr-token"), { type: "vault:index/mount:Mount", inputs: { path: "secret" } }],
      }),
      ["ghcr-token"],
    ));

  it("leaves out a resource that is pending deletion", () =>
    assert.deepEqual(valuesInState({ resources: [secret("ghcr-token", { delete: true })] }), []));

  it("is empty for a stack that was never updated", () => assert.deepEqual(valuesInState({}), []));
});

describe("missingValues", () => {
  const local = localStack({ "ghcr-token": "canary" });

  it("is empty if .env has every value of the state", () => assert.deepEqual(missingValues(local, ["ghcr-token"]), []));

  it("names each value that would be deleted, in order, with the two ways out", () =>
    assert.deepEqual(
      missingValues(local, ["openai-api-key", "ghcr-token", "anthropic-api-key"]).map(({ subject, problem, fix }) => [
        subject,
        problem,
        fix,
      ]),
      ["anthropic-api-key", "openai-api-key"].map((name) => [
        name,
        `the state of this stack contains a value of ${name}, but .env does not: the update would delete it`,
        `put it back into .env, or delete it for good: ameide-secrets prune ${name} --yes`,
      ]),
    ));

  it("leaves out a name that is being pruned", () =>
    assert.deepEqual(missingValues(local, ["openai-api-key"], ["openai-api-key"]), []));

  it("checks the shared stack as well", () =>
    assert.equal(missingValues(sharedStack({ a: "canary" }), ["a", "b"]).length, 1));

  it("reports nothing for an environment without values of its own", () =>
    assert.deepEqual(missingValues(environmentStack(), ["ghcr-token"]), []));
});
