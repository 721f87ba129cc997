import assert from "node:assert/strict";
import { rotationAges } from "../../diagnose/rotation.ts";
import { environmentStack } from "../support/stacks.ts";
import { changed, healthy, minutesAgo, stack } from "./healthy.ts";

describe("rotationAges", () => {
  const { catalogue } = stack;
  const token = { authority: "external" as const, env: "GHCR_TOKEN", rotateEvery: "90d", owner: "platform" };
  const key = { authority: "external" as const, env: "OPENAI_API_KEY", rotateEvery: "365d" };
  const other = { authority: "external" as const, env: "ANTHROPIC_API_KEY", rotateEvery: "30d" };
  const secrets = { "ghcr-token": token, "openai-api-key": key, "anthropic-api-key": other };
  const aged = environmentStack(
    "dev",
    {},
    { catalogue: { ...catalogue, secrets: { ...catalogue.secrets, ...secrets } } },
  );
  const keyVault = changed(healthy(aged).keyVault, () => true, { updatedAt: minutesAgo(100 * 24 * 60) });
  const ages = rotationAges({ ...healthy(aged), keyVault }, aged);

  const inDays = (days: number): string => minutesAgo(-days * 24 * 60);

  it("lists expired values first, the oldest first, then those that expire soonest", () =>
    assert.deepEqual(ages.slice(0, 3), [
      { name: "anthropic-api-key", ageInDays: 100, rotateEveryInDays: 30, expiresAt: inDays(-70), due: true },
      {
        name: "ghcr-token",
        ageInDays: 100,
        rotateEveryInDays: 90,
        expiresAt: inDays(-10),
        due: true,
        owner: "platform",
      },
      { name: "openai-api-key", ageInDays: 100, rotateEveryInDays: 365, expiresAt: inDays(265), due: false },
    ]));
  it("prefers Key Vault's expiry to the one that follows from the catalogue", () => {
    const own = changed(keyVault, ({ name }) => name === "ghcr-token" || name === "ghcr-username", {
      expiresAt: inDays(2),
    });
    const found = rotationAges({ ...healthy(aged), keyVault: own }, aged);
    assert.deepEqual(
      found.slice(0, 3).map(({ name, expiresAt, due }) => [name, expiresAt, due]),
      [
        ["anthropic-api-key", inDays(-70), true],
        ["ghcr-token", inDays(2), false],
        ["ghcr-username", inDays(2), false],
      ],
    );
  });
  it("counts from the day when the value was written, not from the last change of a tag", () => {
    const tagged = changed(keyVault, () => true, { createdAt: minutesAgo(100 * 24 * 60), updatedAt: minutesAgo(60) });
    assert.deepEqual(rotationAges({ ...healthy(aged), keyVault: tagged }, aged), ages);
  });
  it("lists the others with their ages, also those without a maximum age", () => {
    const rest = Object.fromEntries(ages.slice(2).map(({ name, ...age }) => [name, age]));
    assert.deepEqual(rest["openai-api-key"], {
      ageInDays: 100,
      rotateEveryInDays: 365,
      expiresAt: inDays(265),
      due: false,
    });
    assert.equal(rest["ghcr-username"]?.due, false);
  });
  it("does not list generated secrets, which have no age in Key Vault", () =>
    assert.ok(ages.every(({ name }) => aged.catalogue.secrets[name]?.authority === "external")));
});
