import assert from "node:assert/strict";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { leftOutByFirstStep, registerStack } from "../../chain.ts";
import { startEchoProviders } from "../support/echo-providers.ts";
import { stepsOf, useEngine } from "../support/engine.ts";
import { environmentStack } from "../support/stacks.ts";

describe("leftOutByFirstStep, under the real engine", function () {
  this.timeout(60_000);
  const engine = useEngine("dev", () => startEchoProviders(["kubernetes", "vault", "azure-native"]));
  const shared = { bootstrapClientId: "33333333-3333-4333-8333-333333333333" };
  const { strictness } = environmentStack();
  // protection would stop the deletion too, by an error of its own
  const stack = environmentStack("dev", { strictness: { ...strictness, protect: false } });
  const whole = async () => registerStack(stack, { shared });
  const first = async () => registerStack(stack, { shared, firstStep: true });

  async function steps(verb: "preview" | "up", program: typeof whole, exclude?: readonly string[]): Promise<string[]> {
    const events: EngineEvent[] = [];
    const opened = await engine.open(program);
    await opened[verb]({
      onEvent: (event) => events.push(event),
      ...(exclude === undefined ? {} : { exclude: [...exclude] }),
    });
    return stepsOf(events).filter((step) => !step.startsWith("read "));
  }

  it("creates the whole first step in an empty stack", async () => {
    const all = await steps("preview", first);
    const made = await steps("up", first, leftOutByFirstStep);
    assert.deepEqual(made.toSorted(), all.toSorted());
    assert.ok(made.some((step) => step.endsWith(" bootstrap-cronjob")));
  });

  it("lets the whole program continue from there", async () => {
    const rest = await steps("up", whole);
    assert.ok(rest.length > 20);
    assert.deepEqual(
      rest.filter((step) => !step.startsWith("create ")),
      [],
    );
  });

  it("keeps everything of an existing stack, which the first step alone would delete", async () => {
    assert.ok((await steps("preview", first)).some((step) => step.startsWith("delete vault:")));
    assert.deepEqual(await steps("preview", first, leftOutByFirstStep), []);
  });
});
