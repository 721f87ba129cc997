import assert from "node:assert/strict";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { leftOutByFirstStep, registerStack } from "../../chain.ts";
import { startEchoProviders } from "../support/echo-providers.ts";
import { stepsOf, useEngine } from "../support/engine.ts";
import { localStack } from "../support/stacks.ts";

describe("leftOutByFirstStep, under the real engine", function () {
  this.timeout(60_000);
  const engine = useEngine("local", () => startEchoProviders(["kubernetes", "vault", "azure-native"]));
  const whole = async () => registerStack(localStack());
  const first = async () => registerStack(localStack(), { firstStep: true });

  async function steps(verb: "preview" | "up", program: typeof whole, exclude?: readonly string[]): Promise<string[]> {
    const events: EngineEvent[] = [];
    const stack = await engine.open(program);
    await stack[verb]({
      onEvent: (event) => events.push(event),
      ...(exclude === undefined ? {} : { exclude: [...exclude] }),
    });
    return stepsOf(events).filter((step) => !step.startsWith("read "));
  }

  it("lets all of the first step be made in an empty stack", async () => {
    const all = await steps("preview", first);
    const made = await steps("up", first, leftOutByFirstStep);
    assert.deepEqual(made.toSorted(), all.toSorted());
    assert.ok(made.some((step) => step.endsWith(" bootstrap-cronjob")));
  });

  it("lets the whole program go on from there", async () => {
    const rest = await steps("up", whole);
    assert.ok(rest.length > 20);
    assert.deepEqual(
      rest.filter((step) => !step.startsWith("create ")),
      [],
    );
  });

  it("leaves everything of a stack that stands already, which the first step alone would delete", async () => {
    assert.ok((await steps("preview", first)).some((step) => step.startsWith("delete vault:")));
    assert.deepEqual(await steps("preview", first, leftOutByFirstStep), []);
  });
});
