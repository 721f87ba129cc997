import assert from "node:assert/strict";
import { changedAt } from "../../../diagnose/observe/kubernetes-list.ts";

describe("changedAt", () => {
  const data = { time: "2026-01-01T00:00:00Z", fieldsV1: { "f:data": {} } };
  const label = { time: "2026-01-02T00:00:00Z", fieldsV1: { "f:metadata": {} } };

  it("is when the data was last written, whoever labels the Secret later", () =>
    assert.equal(changedAt({ name: "a", managedFields: [data, label] }), data.time));
  it("is when it was made, where nobody is known to have written data", () =>
    assert.equal(changedAt({ name: "a", managedFields: [label], creationTimestamp: "2025-12-31T00:00:00Z" }), "2025-12-31T00:00:00Z")); // prettier-ignore
});
