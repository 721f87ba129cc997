import assert from "node:assert/strict";
import { bootstrapWriters } from "../../domain/bootstrap-writers.ts";

const vault = { role: "ameide-secrets-bootstrap" };

function secrets(count: number) {
  return Array.from({ length: count }, (_none, n) => ({
    name: `name-${n}`,
    authority: "external" as const,
    path: `name-${n}`,
    required: false,
  }));
}

function writers(count: number) {
  return bootstrapWriters({ vault, secrets: secrets(count), mappedSecrets: [] });
}

describe("bootstrapWriters", () => {
  it("creates one role for up to 64 paths, including extra copies", () => {
    const mappedSecrets = [
      { from: "name-0", to: "copy" },
      { from: "name-1", to: "name-0" },
    ];
    const [one, ...others] = bootstrapWriters({ vault, secrets: secrets(63), mappedSecrets });
    assert.equal(one?.role, "ameide-secrets-bootstrap");
    assert.equal(one?.paths.length, 64);
    assert.ok(one?.paths.includes("copy"));
    assert.deepEqual(others, []);
  });

  it("splits more paths among a power of two of roles, each path in exactly one", () => {
    const made = writers(1000);
    assert.deepEqual(
      made.map(({ role }) => role),
      Array.from({ length: 32 }, (_none, n) => `ameide-secrets-bootstrap-${n + 1}-of-32`),
    );
    assert.deepEqual(
      made.flatMap(({ paths }) => paths).toSorted(),
      secrets(1000)
        .map(({ path }) => path)
        .toSorted(),
    );
    assert.ok(
      made.every(({ paths }) => paths.length <= 56),
      made.map(({ paths }) => paths.length).join(" "),
    );
  });

  it("moves no path when another is added, until the number of parts doubles", () => {
    const roleOf = (count: number) =>
      new Map(writers(count).flatMap(({ role, paths }) => paths.map((path) => [path, role])));
    const before = roleOf(900);
    const after = roleOf(901);
    assert.equal(after.size, 901);
    for (const [path, role] of before) assert.equal(after.get(path), role);
  });
});
