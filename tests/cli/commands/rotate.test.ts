import assert from "node:assert/strict";
import { formatRotation } from "../../../cli/commands/rotate.ts";
import { stack } from "../../diagnose/healthy.ts";

const at = "2026-01-02T12:00:00.000Z";

describe("formatRotation", () => {
  it("begins with the answer, and prints what is left to restart as commands, where there is one", () => {
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
      ].join("\n"),
    );
  });
  it("begins with where it is stuck and what it waits for, and ends with the repair", () => {
    const stuckAt = { step: "vault" as const, waitingFor: ["Vault secret/ghcr-token"], restarts: [], follows: [] };
    assert.equal(
      formatRotation({ name: "ghcr-token", reached: [], restarts: [], follows: [], stuckAt }, stack),
      "dev: ghcr-token is stuck at vault: Vault secret/ghcr-token\n  fix: ameide-secrets doctor --stack dev",
    );
  });
});
