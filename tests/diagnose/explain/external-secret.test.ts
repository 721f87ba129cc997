import assert from "node:assert/strict";
import { explain } from "../../../diagnose/explain.ts";
import { syncFails } from "../changes.ts";
import { healthy, stack } from "../healthy.ts";

describe("explainExternalSecret", () => {
  it("names the secret in a repair that is about it, where an ExternalSecret could not read it", () => {
    const before = healthy();
    const said = 'error processing spec.data[1] (key: ghcr-token), err: cannot find secret data for key: "value"';
    const [first] = explain({ ...before, ...syncFails(said)(before) }, stack).causes;
    assert.match(first?.fix ?? "", /ameide-secrets lineage ghcr-token --stack dev/);
  });
});
