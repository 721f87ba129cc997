import assert from "node:assert/strict";
import { namespaces } from "../../../domain/manifests/secret-store.ts";
import { environmentStack, localStack } from "../../support/stacks.ts";

describe("namespaces", () => {
  it("are created in local, each once", () =>
    assert.deepEqual(
      namespaces(localStack()).map(({ metadata }) => metadata.name),
      ["ameide-local", "argocd"],
    ));

  it("have another owner everywhere else", () => assert.deepEqual(namespaces(environmentStack("prod")), []));
});
