import assert from "node:assert/strict";
import { explain } from "../../../diagnose/explain.ts";
import { isGhcrPull, syncFails } from "../changes.ts";
import { changed, healthy, stack } from "../healthy.ts";

describe("explainExternalSecret", () => {
  it("names the secret in a repair that is about it, where an ExternalSecret could not read it", () => {
    const before = healthy();
    const said = 'error processing spec.data[1] (key: ghcr-token), err: cannot find secret data for key: "value"';
    const [first] = explain({ ...before, ...syncFails(said)(before) }, stack).causes;
    assert.match(first?.fix ?? "", /ameide-secrets lineage ghcr-token --stack dev/);
  });
  it("tells a store that somebody put into it by hand, and puts its own back", () => {
    const before = healthy();
    const failing = { ...before, ...syncFails('could not get SecretStore "nowhere"')(before) };
    const externalSecrets = changed(failing.externalSecrets, isGhcrPull, { storeName: "nowhere" });
    const [first] = explain({ ...failing, externalSecrets }, stack).causes;
    assert.match(first?.evidence[0]?.seen ?? "", /; its store is nowhere, wanted ameide-vault$/);
    assert.equal(first?.fix, "ameide-secrets up --refresh --stack dev --yes");
  });
});
