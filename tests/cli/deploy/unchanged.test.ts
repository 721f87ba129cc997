import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { previewThenUpdate } from "../../../cli/deploy/chain.ts";
import { Phases } from "../../../cli/phases.ts";
import { startStacks, type RunningStacks } from "../../support/engine.ts";
import { recordedIo } from "../recorded-io.ts";

describe("previewThenUpdate, on a stack that reads another one", function () {
  this.timeout(180_000); // four runs with the policy pack
  let stacks: RunningStacks;
  before(async () => (stacks = await startStacks({ mode: "offline" })));
  after(() => stacks.close());

  const { signal } = new AbortController();
  async function run(stackName: string, program: () => Promise<Record<string, unknown>>) {
    const io = recordedIo();
    const stack = await stacks.open(stackName, program);
    const phases = new Phases(io, signal);
    return { ...(await previewThenUpdate(stack, { signal, phases, until: "update" })), io };
  }
  const shared = () => {
    new pulumi.ComponentResource("test:index:Part", "part");
    return Promise.resolve({ id: "one" });
  };
  const environment = async () => {
    const reference = new pulumi.StackReference("organization/ameide-secrets/shared");
    new pulumi.ComponentResource("test:index:Part", "part");
    return { id: await reference.getOutputValue("id") };
  };

  it("updates once, and runs no update when nothing has changed", async () => {
    await run("shared", shared);
    const first = await run("dev", environment);
    assert.deepEqual(first.update?.changes.map(({ operation, name }) => `${operation} ${name}`).toSorted(), [
      "create default", // the engine's own provider of stack references
      "create part",
    ]);
    const second = await run("dev", environment);
    assert.deepEqual([second.preview.changes, second.update], [[], undefined]);
    assert.match(second.io.printed.err.join("\n"), /nothing to change/);
  });
});
