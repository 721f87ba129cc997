import assert from "node:assert/strict";
import { observeKeyVault } from "../../../diagnose/observe/azure.ts";
import { stack } from "../healthy.ts";

describe("observeKeyVault", () => {
  it("distinguishes the time of a value from the time of its tags, and names who manages it", async () => {
    const item = {
      id: "https://v/secrets/ghcr-token",
      attributes: { enabled: true, created: 1_700_000_000, updated: 1_700_086_400 },
      tags: { "managed-by": "ameide-secrets" },
    };
    const azure = {
      arm: () => Promise.reject(new Error("not asked")),
      keyVault: <T extends object>() => Promise.resolve({ value: [item] } as object as T),
    };
    assert.deepEqual(await observeKeyVault(azure, stack.azure, new Set()), {
      ok: true,
      value: [
        {
          name: "ghcr-token",
          enabled: true,
          updatedAt: "2023-11-15T22:13:20.000Z",
          createdAt: "2023-11-14T22:13:20.000Z",
          managedBy: "ameide-secrets",
        },
      ],
    });
  });
});
