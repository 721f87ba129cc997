import assert from "node:assert/strict";
import { registerStack } from "../../chain.ts";
import type { StackPlan } from "../../domain/plan/environment.ts";
import { plannedResources } from "../../domain/resources/planned-resources.ts";
import { looksAt } from "../../policies/pack/subjects.ts";
import { rules } from "../../policies/rules.ts";
import { isRecord } from "../../policies/subject/reading.ts";
import { recordStack } from "../support/record-stack.ts";
import { companyStack, environmentStack, localStack, sharedStack, withGithubLogin } from "../support/stacks.ts";

const secret = "(secret)";
/** What only the update will know, here and there. */
const later = "known later";

/** Type and inputs of everything that the guard judges of a plan and a rule looks at. */
function judged(plan: StackPlan): readonly string[] {
  return plannedResources(plan, { unknown: later, secret })
    .filter(({ type }) => isLookedAt(type))
    .map(({ type, inputs, protect = false }) => written(type, inputs, protect));
}

/** The same of what the program registers under Pulumi's mocks. */
async function registered(plan: StackPlan): Promise<readonly string[]> {
  const registrations = await recordStack(
    () => registerStack(plan, { shared: { bootstrapClientId: later } }),
    ({ type }) => {
      if (type.endsWith(":UserAssignedIdentity")) return { clientId: later, principalId: later };
      if (type.endsWith("keyvault:Secret")) return { properties: { secretUriWithVersion: later } };
      return type.endsWith("keyvault:Vault") ? { properties: { vaultUri: later } } : {};
    },
  );
  return registrations
    .filter(({ custom, type }) => custom && isLookedAt(type))
    .map(({ type, inputs, options, secretInputs }) => {
      const shown = type === "azure-native:keyvault:Secret" ? { ...inputs, properties: withoutValue(inputs) } : inputs;
      assert.deepEqual(secretInputs, type === "azure-native:keyvault:Secret" ? ["properties.value"] : [], type);
      return written(type, shown, options.protect);
    });
}

function withoutValue({ properties }: Readonly<Record<string, unknown>>): object {
  return { ...(properties as object), value: secret };
}

function isLookedAt(type: string): boolean {
  return rules.some((rule) => looksAt(rule, type));
}

function written(type: string, inputs: Readonly<Record<string, unknown>>, protect: boolean): string {
  return `${type}${protect ? " (protected)" : ""} ${JSON.stringify(comparable(type, inputs), undefined, 1)}`;
}

/**
 * Left out: what tells the Kubernetes provider how to apply an object (annotations of pulumi.com), which no rule reads;
 * what SDKs add to a provider themselves; ids of other resources and digests, which a plan cannot know.
 */
function comparable(type: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => comparable(type, item));
  if (typeof value === "string") return /-sync-[0-9a-f]{12}/.test(value) || value.endsWith("-id") ? later : value;
  if (type === "pulumi:providers:vault" && (value === true || value === false)) return String(value);
  if (!isRecord(value)) return value;
  const kept = Object.entries(value).filter(
    ([key, item]) =>
      item !== undefined &&
      !isLeftToTheUpdate(key, item) &&
      !key.startsWith("pulumi.com/") &&
      !(type === "pulumi:providers:vault" && (key === "maxLeaseTtlSeconds" || key === "maxRetries")) &&
      !(key === "annotations" && Object.keys(item as object).every((one) => one.startsWith("pulumi.com/"))),
  );
  return Object.fromEntries(
    kept.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, comparable(type, item)]),
  );
}

function isLeftToTheUpdate(key: string, value: unknown): boolean {
  const isRunsName = key === "name" && typeof value === "string" && value.includes("-sync-");
  const isAnId = key === "scope" && value === "key-vault-vault-id";
  return value === later || isAnId || key === "roleAssignmentName" || key === "ameide.io/chain-digest" || isRunsName;
}

describe("the guard judges what is registered", function () {
  this.timeout(30_000);
  const plans: Readonly<Record<string, StackPlan>> = {
    shared: sharedStack(),
    "shared with values in its state": sharedStack({ "ghcr-token": "x", "langfuse-secret-key": "y" }),
    "shared with network rules and tags": companyStack(),
    dev: environmentStack("dev"),
    "dev with a login of GitHub's jobs": withGithubLogin(environmentStack("dev")),
    staging: environmentStack("staging"),
    prod: environmentStack("prod"),
    local: localStack({ "ghcr-token": "x" }),
  };
  for (const [name, plan] of Object.entries(plans)) {
    it(`${name}: the same types with the same inputs, key by key`, async () => {
      const [plannedInputs, registeredInputs] = [judged(plan).toSorted(), (await registered(plan)).toSorted()];
      assert.notEqual(plannedInputs.length, 0);
      assert.deepEqual(plannedInputs, registeredInputs);
    });
  }
});
