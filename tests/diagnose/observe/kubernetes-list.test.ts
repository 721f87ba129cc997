import assert from "node:assert/strict";
import { changedAt, newestFirst } from "../../../diagnose/observe/kubernetes-list.ts";

describe("changedAt", () => {
  const data = { time: "2026-01-01T00:00:00Z", fieldsV1: { "f:data": {} } };
  const label = { time: "2026-01-02T00:00:00Z", fieldsV1: { "f:metadata": {} } };

  it("is when the data was last written, even if the Secret was labelled later", () =>
    assert.equal(changedAt({ name: "a", managedFields: [data, label] }), data.time));
  it("is the creation time if no write of the data is known", () =>
    assert.equal(changedAt({ name: "a", managedFields: [label], creationTimestamp: "2025-12-31T00:00:00Z" }), "2025-12-31T00:00:00Z")); // prettier-ignore
});

describe("newestFirst", () => {
  const object = (name: string, creationTimestamp: string, resourceVersion: string) => ({
    metadata: { name, creationTimestamp, resourceVersion },
  });
  const names = (...objects: Parameters<typeof newestFirst>[0]) =>
    newestFirst(objects).map(({ metadata }) => metadata.name);

  it("sorts by the time of creation, whatever was changed since", () =>
    assert.deepEqual(names(object("old", "2026-01-01T00:00:00Z", "900"), object("new", "2026-01-01T00:00:01Z", "7")), [
      "new",
      "old",
    ]));
  it("sorts two objects that were created in the same second by their last change", () =>
    assert.deepEqual(
      names(object("run", "2026-01-01T00:00:00Z", "99"), object("test", "2026-01-01T00:00:00Z", "100")),
      ["test", "run"],
    ));
});
