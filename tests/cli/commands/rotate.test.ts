import assert from "node:assert/strict";
import { formatRotation } from "../../../cli/commands/rotate.ts";
import { stack } from "../../diagnose/healthy.ts";

const at = "2026-01-02T12:00:00.000Z";

describe("formatRotation", () => {
  it("begins with the result, and prints what is left to restart as commands", () => {
    const restarts = ["ameide-dev Deployment/langfuse", "ameide-dev Job/once"];
    assert.equal(
      formatRotation(
        {
          name: "ghcr-token",
          reached: [{ step: "key-vault", at }],
          restarts,
          follows: ["ameide-dev StatefulSet/mounted"],
        },
        stack,
      ),
      [
        "dev: ghcr-token is the same at every step; 2 to restart",
        "STEP       AT",
        `key-vault  ${at}`,
        "restart it: kubectl --context ameide -n ameide-dev rollout restart deployment/langfuse",
        "restart it: ameide-dev Job/once",
        "reads it from a file, within two minutes: ameide-dev StatefulSet/mounted",
        "  fix: ameide-secrets rotate ghcr-token --stack dev --yes --from-source --restart",
      ].join("\n"),
    );
  });
  it("reports what was restarted and what cannot be, and how to roll back if a restart failed", () => {
    const [first, second, third] = ["a", "b", "c"].map((name) => `ameide-dev Deployment/${name}`) as [
      string,
      string,
      string,
    ];
    const done = { name: "ghcr-token", reached: [], follows: [], restarted: [first] };
    const manual = [{ workload: second, because: "it is paused" }];
    assert.equal(
      formatRotation({ ...done, restarts: [second], manual }, stack),
      [
        "dev: ghcr-token is the same at every step; 1 to restart",
        `restarted, and ready: ${first}`,
        "restart it: kubectl --context ameide -n ameide-dev rollout restart deployment/b, it is paused",
      ].join("\n"),
    );
    const stoppedAt = { workload: second, because: "1 of 1 pods are new, 0 of 1 are available after 300 s" };
    assert.equal(
      formatRotation({ ...done, restarts: [second, third], stoppedAt }, stack),
      [
        "dev: ghcr-token is the same at every step; 2 to restart",
        `restarted, and ready: ${first}`,
        "restart it: kubectl --context ameide -n ameide-dev rollout restart deployment/c",
        `not ready: ${second}: 1 of 1 pods are new, 0 of 1 are available after 300 s; nothing was restarted after it`,
        "  fix: kubectl --context ameide -n ameide-dev rollout undo deployment/b",
        "  to restore the old value: ameide-secrets rotate ghcr-token --stack dev --yes --rollback --restart",
      ].join("\n"),
    );
  });
  it("begins with where it is stuck and what it waits for, and ends with the fix", () => {
    const stuckAt = { step: "vault" as const, waitingFor: ["Vault secret/ghcr-token"], restarts: [], follows: [] };
    assert.equal(
      formatRotation({ name: "ghcr-token", reached: [], restarts: [], follows: [], stuckAt }, stack),
      "dev: ghcr-token is stuck at vault: Vault secret/ghcr-token\n  fix: ameide-secrets doctor --stack dev",
    );
  });
});
