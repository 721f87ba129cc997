import assert from "node:assert/strict";
import { formatResync } from "../../../cli/commands/resync.ts";
import { unseen } from "../../diagnose/healthy.ts";

const counts = (stores: readonly [number, number], synced: readonly [number, number]) => ({
  stores: { done: stores[0], total: stores[1] },
  "external-secrets": { done: synced[0], total: synced[1] },
});
const nothing = { ready: [], counts: counts([0, 0], [0, 0]), notReady: [], changed: [], unseen: [] };

describe("formatResync", () => {
  it("begins with how many have synced, and ends with the fix if one has not", () => {
    assert.equal(
      formatResync({ ...nothing, counts: counts([1, 1], [2, 2]), changed: ["n/a-target"] }, "dev"),
      "dev: 2 of 2 ExternalSecrets synced, 1 of 1 stores Ready\nchanged: n/a-target",
    );
    const left = [{ object: "n/a", message: "Secret does not exist" }];
    assert.equal(
      formatResync({ ...nothing, counts: counts([1, 1], [1, 2]), notReady: left }, "dev"),
      [
        "dev: 1 of 2 ExternalSecrets synced, 1 of 1 stores Ready",
        "not ready: n/a: Secret does not exist",
        "no Secret changed",
        "  fix: ameide-secrets doctor --stack dev",
      ].join("\n"),
    );
  });
  it("reports that there is nothing to resync", () =>
    assert.match(formatResync(nothing, "dev"), /^dev: no ExternalSecret to resync/));
  it("says that no Secret changed only if all of them were read", () => {
    const blind = {
      ...nothing,
      counts: counts([1, 1], [1, 1]),
      unseen: [unseen("forbidden", "cannot list secrets").failure],
    };
    const said = formatResync(blind, "dev");
    assert.doesNotMatch(said, /no Secret changed/);
    assert.match(said, /whether a Secret changed could not be checked: read it: cannot list secrets$/);
  });
});
