import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../../environments/index.ts";

interface Entry {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly integrity?: string;
  readonly resolved?: string;
}

const text = readFileSync(join(repositoryRoot, "package-lock.json"), "utf8");
const { packages } = JSON.parse(text) as { readonly packages: Readonly<Record<string, Entry>> };

/** Where Node looks: below the package that asks, then below each folder above it. */
function isLocked(asker: string, name: string): boolean {
  if (packages[join(asker, "node_modules", name)] !== undefined) return true;
  if (asker === "") return false;
  const above = asker.lastIndexOf("node_modules/");
  return isLocked(asker.slice(0, Math.max(0, above - 1)), name);
}

describe("package-lock.json", () => {
  it("has every package of every platform, or `npm ci` refuses it", () => {
    const missing = Object.entries(packages).flatMap(([asker, { dependencies = {}, optionalDependencies = {} }]) =>
      Object.keys({ ...dependencies, ...optionalDependencies })
        .filter((name) => !isLocked(asker, name))
        .map((name) => `${asker}: ${name}`),
    );
    assert.deepEqual(missing, []);
  });

  it("pins each by its content, and names no registry: npm asks the configured one", () => {
    const others = Object.entries(packages).filter(([path]) => path !== "");
    assert.deepEqual(
      others.filter(([, { integrity }]) => integrity === undefined).map(([path]) => path),
      [],
    );
    assert.deepEqual(
      others.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path),
      [],
    );
  });
});
