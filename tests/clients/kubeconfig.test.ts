import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openOrClosed } from "../../clients/kubeconfig.ts";
import { explain } from "../../diagnose/explain.ts";
import { observe } from "../../diagnose/observe/observe.ts";
import { stack } from "../diagnose/healthy.ts";

describe("openOrClosed", () => {
  const dir = mkdtempSync(join(tmpdir(), "closed-"));
  const kubeconfig = join(dir, "kubeconfig");
  before(() => writeFileSync(kubeconfig, JSON.stringify({ clusters: [], users: [], contexts: [] })));
  after(() => rmSync(dir, { recursive: true }));

  it("reports a missing context once, as a finding instead of a crash", async () => {
    const kubernetes = await openOrClosed({ kubeconfig, context: "ameide" });
    const snapshot = await observe(stack, { kubernetes, vault: "not asked", azure: "not asked" });
    const [first] = explain(snapshot, stack).causes;
    assert.equal(first?.code, "cluster-not-readable");
    assert.deepEqual(
      first.evidence.map(({ seen }) => seen),
      ["the kubeconfig has no context ameide (it has: none)"],
    );
  });
  it("fails for a command that would change something, with the fix", async () => {
    const closed = await openOrClosed({ kubeconfig, context: "ameide" });
    await assert.rejects(closed.patch("/x", {}), { code: "context-unknown", message: /fix: set cluster\.context/ });
    const events = closed.watch("/x", new AbortController().signal)[Symbol.asyncIterator]();
    await assert.rejects(events.next(), { code: "context-unknown" });
  });
});
