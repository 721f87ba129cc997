import assert from "node:assert/strict";
import { registerStack } from "../../chain.ts";
import type { StackPlan } from "../../domain/plan/environment.ts";
import { subjectsOfResource } from "../../policies/subject/from-resource.ts";
import { recordStack } from "../support/record-stack.ts";
import { environmentStack, localStack, sharedStack } from "../support/stacks.ts";

const stacks: Readonly<Record<string, StackPlan>> = {
  shared: sharedStack({ "ghcr-token": "x" }),
  dev: environmentStack("dev"),
  staging: environmentStack("staging"),
  prod: environmentStack("prod"),
  local: localStack({ "ghcr-token": "x" }),
};

/** What mocks give no output for. */
const shared = { bootstrapClientId: "33333333-3333-4333-8333-333333333333" };

describe("the stacks of this program", () => {
  for (const [name, plan] of Object.entries(stacks)) {
    it(`register only types in ${name} that the rules know`, async () => {
      const registered = await recordStack(() => registerStack(plan, { shared }));
      const unread = registered.flatMap(({ type, name: called, inputs, custom }) =>
        subjectsOfResource({
          type,
          name: called,
          urn: called,
          props: inputs,
          options: { protect: true, isComponent: !custom },
        })
          .filter(({ kind }) => kind === "OpaqueWriter" || kind === "UnknownType")
          .map(({ label }) => label),
      );
      assert.ok(registered.length > 5);
      assert.deepEqual(unread, []);
    });
  }
});
