import assert from "node:assert/strict";
import { chainDigest, bootstrapCronJob } from "../../domain/manifests/bootstrap.ts";
import { StackFolder } from "./stacks.ts";

describe("bootstrap.runId of a stack file", () => {
  let stacks: StackFolder;
  beforeEach(() => (stacks = new StackFolder()));
  afterEach(() => stacks.delete());

  it("replaces the sync Job, and does not change the CronJob", async () => {
    const dev = async () => {
      const stack = await stacks.load("dev");
      assert.ok(stack.kind === "environment");
      return stack;
    };
    const before = await dev();
    stacks.edit("Pulumi.dev.yaml", "    cluster:", "    bootstrap: { runId: again }\n    cluster:");
    const after = await dev();

    assert.notEqual(chainDigest(after), chainDigest(before));
    assert.deepEqual(bootstrapCronJob(after, "client"), bootstrapCronJob(before, "client"));
  });
});
