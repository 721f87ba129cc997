import assert from "node:assert/strict";
import { formatResync } from "../../../cli/deploy/resync-words.ts";
import { unseen } from "../../diagnose/healthy.ts";

const nothing = { ready: [], notReady: [], changed: [], unseen: [] };

describe("formatResync", () => {
  it("begins with how many have synced anew, and ends with the repair where one has not", () => {
    assert.equal(
      formatResync({ ...nothing, ready: ["n/store", "n/a"], changed: ["n/a-target"] }, "dev"),
      "dev: 2 of 2 stores and ExternalSecrets are Ready and synced anew\nchanged: n/a-target",
    );
    const left = [{ object: "n/a", message: "Secret does not exist" }];
    assert.equal(
      formatResync({ ...nothing, ready: ["n/store"], notReady: left }, "dev"),
      [
        "dev: 1 of 2 stores and ExternalSecrets are Ready and synced anew",
        "not ready: n/a: Secret does not exist",
        "no Secret changed",
        "  fix: ameide-secrets doctor --stack dev",
      ].join("\n"),
    );
  });
  it("says that there is nothing to resync, where there is nothing", () =>
    assert.match(formatResync(nothing, "dev"), /^dev: there is no ExternalSecret to resync/));
  it("says that no Secret changed only where all of them were seen", () => {
    const blind = { ...nothing, ready: ["n/a"], unseen: [unseen("forbidden", "cannot list secrets").failure] };
    const said = formatResync(blind, "dev");
    assert.doesNotMatch(said, /no Secret changed/);
    assert.match(said, /whether a Secret changed could not be looked at: read it: cannot list secrets$/);
  });
});
