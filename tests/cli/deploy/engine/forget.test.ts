import assert from "node:assert/strict";
import { withoutResources } from "../../../../cli/deploy/engine/state.ts";

describe("withoutResources", () => {
  it("removes them with every reference to them, and changes nothing else", () => {
    const secret = { urn: "secret", protect: true };
    const job = {
      urn: "job",
      id: "1",
      dependencies: ["secret", "other"],
      propertyDependencies: { metadata: ["secret"], spec: ["other", "secret"], data: null },
    };
    const bare = { urn: "other" };
    assert.deepEqual(withoutResources([secret, job, bare], new Set(["secret"])), [
      {
        urn: "job",
        id: "1",
        dependencies: ["other"],
        propertyDependencies: { metadata: [], spec: ["other"], data: null },
      },
      { urn: "other" },
    ]);
  });
});
