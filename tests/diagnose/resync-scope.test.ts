import assert from "node:assert/strict";
import { refuseUnknown } from "../../diagnose/resync.ts";

const known = ["ameide-dev", "argocd"];

describe("refuseUnknown", () => {
  it("accepts known names", () => refuseUnknown("namespace", ["argocd"], known, "dev"));
  it("fails with the nearest name", () =>
    assert.throws(() => refuseUnknown("namespace", ["argocd", "argo-cd"], known, "dev"), {
      code: "resync-namespace-unknown",
      message: "dev has no namespace argo-cd\n  fix: did you mean argocd?",
    }));
  it("fails with all names if none is near", () =>
    assert.throws(() => refuseUnknown("namespace", ["kube-system"], known, "dev"), {
      message: "dev has no namespace kube-system\n  fix: give one of: ameide-dev, argocd",
    }));
});
