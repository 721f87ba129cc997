import assert from "node:assert/strict";
import { settings } from "../../docs/pages/settings.ts";

describe("settings", () => {
  const rows = settings
    .render()
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => line.split(" | "));

  it("explains each key", () => {
    assert.ok(rows.length > 30);
    assert.deepEqual(
      rows.filter((cells) => cells.at(-1) === "– |").map(([key]) => key),
      [],
    );
  });

  it("names the stacks that have a key, its default, and whether it must be set", () => {
    const row = (key: string): string =>
      rows
        .find(([first]) => first === `| \`${key}\``)
        ?.slice(1, 3)
        .join("; ") ?? "";
    assert.equal(row("azure.tenantId"), "shared, local; must be set");
    assert.equal(row("registry.additionalNamespaces"), "dev, staging, prod, local; `[]`");
    assert.equal(row("secretPrefix"), "shared, local; –");
  });
});
