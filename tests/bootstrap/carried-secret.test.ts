import assert from "node:assert/strict";
import { carriedSecrets } from "../../bootstrap/decide.ts";
import { BootstrapFailure } from "../../bootstrap/failure.ts";
import type { BootstrapConfig } from "../../domain/bootstrap-config.ts";

const base = { authority: "external" as const, required: false };
const config = (changes: Partial<BootstrapConfig>) =>
  ({ secrets: [], mappedSecrets: [], ...changes }) as unknown as BootstrapConfig;

describe("carriedSecrets", () => {
  it("treats each extra copy as its own external secret, under the unchanged name of the source", () => {
    const carried = carriedSecrets(
      config({
        secrets: [{ ...base, name: "a", source: "env-a", path: "a" }],
        mappedSecrets: [{ from: "env-a", to: "b/c" }],
      }),
    );
    assert.deepEqual(
      carried.map(({ source, path }) => [source, path]),
      [
        ["env-a", "a"],
        ["env-a", "b/c"],
      ],
    );
  });

  it("fails if two secrets write one path or an external one has no source, and reports both together", () => {
    const bad = config({
      secrets: [
        { ...base, name: "a", source: "a", path: "x" },
        { ...base, name: "b", path: "y" },
      ],
      mappedSecrets: [{ from: "c", to: "x" }],
    });
    assert.throws(
      () => carriedSecrets(bad),
      (error) =>
        error instanceof BootstrapFailure &&
        error.code === "bad-configuration" &&
        error.problem === "b is external and has no source; a and c -> x both write x",
    );
  });
});
