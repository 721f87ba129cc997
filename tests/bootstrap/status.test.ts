import assert from "node:assert/strict";
import { mergedStatus } from "../../bootstrap/status.ts";
import type { BootstrapSecretStatus, BootstrapStatus } from "../../domain/bootstrap-config.ts";
import { external } from "./external.ts";
import { useRig } from "./use-rig.ts";

function secret(name: string, outcome: BootstrapSecretStatus["outcome"]): BootstrapSecretStatus {
  return { name, path: name, outcome };
}

function status(changes: Partial<BootstrapStatus>): BootstrapStatus {
  return { runId: "r", startedAt: "s", finishedAt: "f", cause: "ok", secrets: [], ...changes };
}

function namesOf({ secrets }: BootstrapStatus): string[] {
  return secrets.map(({ name }) => name);
}

describe("mergedStatus", () => {
  it("sorts what needs a look to the front, then by name", () => {
    const secrets = [secret("b", "unchanged"), secret("a", "unchanged"), secret("z", "failed"), secret("k", "kept")];
    assert.deepEqual(namesOf(mergedStatus(status({ secrets }), undefined)), ["z", "k", "a", "b"]);
  });

  it("leaves out unchanged ones, and counts them, where a ConfigMap would not hold all", () => {
    const many = Array.from({ length: 20_000 }, (_none, index) => secret(`secret-number-${index}`, "unchanged"));
    const merged = mergedStatus(status({ secrets: [...many, secret("broken", "failed")] }), undefined);
    assert.equal(merged.secrets[0]?.name, "broken");
    assert.equal(merged.secrets.length + (merged.omitted ?? 0), 20_001);
    assert.ok(Buffer.byteLength(JSON.stringify(merged)) < 1_000_000);
  });

  it("keeps the last success, and what a run that failed did not come to", () => {
    const before = status({ lastSuccessAt: "then", secrets: [secret("a", "unchanged"), secret("b", "unchanged")] });
    const stopped = mergedStatus(status({ cause: "terminated", secrets: [secret("b", "written")] }), before);
    assert.deepEqual(stopped.secrets, [secret("b", "written"), secret("a", "unchanged")]);
    assert.equal(stopped.lastSuccessAt, "then");
  });

  it("forgets what a run that came to its end no longer knows", () => {
    const before = status({ lastSuccessAt: "then", secrets: [secret("a", "unchanged")] });
    const ended = mergedStatus(status({ lastSuccessAt: "now", secrets: [] }), before);
    assert.deepEqual(ended.secrets, []);
    assert.equal(ended.lastSuccessAt, "now");
  });
});

describe("StatusConfigMap", function () {
  this.timeout(30_000);
  const rig = useRig();

  it("is written whole again by a run that fails, whatever somebody made of it", async () => {
    const missing = rig().config({ secrets: [external("status-missing", { required: true })] });
    await rig().vault.allow(missing);
    for (const edited of ["{}", "null", "no JSON", '{"secrets":{}}']) {
      await rig().cluster.setStatus(edited);
      const { code, text } = await rig().runHere(missing);
      assert.equal(code, 10, text);
      assert.equal((await rig().cluster.status())?.cause, "required-missing", edited);
    }
  });
});
