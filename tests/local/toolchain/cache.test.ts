import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  cacheKey,
  clearAbandonedBuilds,
  defaultRecipesDir,
  findInCache,
  makeBuildDir,
  publish,
  recordBuilder,
} from "../../../local/toolchain/cache.ts";
import { identify, isAlive } from "../../../local/process-identity.ts";
import { pieces, type Piece } from "../../../local/toolchain/pieces.ts";

describe("the toolchain's cache", () => {
  let cacheDir: string;

  beforeEach(() => (cacheDir = mkdtempSync(join(tmpdir(), "ameide-secrets-cache-"))));
  afterEach(() => rmSync(cacheDir, { recursive: true }));

  const publishOne = (key: string) => {
    const finished = join(makeBuildDir(cacheDir), "finished");
    mkdirSync(join(finished, "definitions"), { recursive: true });
    writeFileSync(join(finished, "tool"), "12345");
    writeFileSync(join(finished, "definitions", "a.json"), "{}");
    return publish(finished, cacheDir, key);
  };

  describe("findInCache", () => {
    it("finds what was stored", () => {
      assert.equal(publishOne("tool-1"), join(cacheDir, "tool-1"));
      assert.equal(findInCache(cacheDir, "tool-1"), join(cacheDir, "tool-1"));
    });

    it("is undefined for another key", () => {
      publishOne("tool-1");
      assert.equal(findInCache(cacheDir, "tool-2"), undefined);
    });

    it("is undefined if a file was truncated", () => {
      truncateSync(join(publishOne("tool-1"), "tool"), 3);
      assert.equal(findInCache(cacheDir, "tool-1"), undefined);
    });

    it("is undefined if a file below a folder is missing", () => {
      rmSync(join(publishOne("tool-1"), "definitions", "a.json"));
      assert.equal(findInCache(cacheDir, "tool-1"), undefined);
    });

    it("is undefined for a folder without a manifest, as after an interrupted copy", () => {
      const folder = publishOne("tool-1");
      rmSync(join(folder, "manifest.json"));
      assert.equal(findInCache(cacheDir, "tool-1"), undefined);
    });
  });

  describe("publish", () => {
    it("replaces what is damaged", () => {
      truncateSync(join(publishOne("tool-1"), "tool"), 0);
      publishOne("tool-1");
      assert.equal(findInCache(cacheDir, "tool-1"), join(cacheDir, "tool-1"));
    });
  });

  describe("clearAbandonedBuilds", () => {
    it("removes the remains of killed builds, and nothing that is finished", async () => {
      publishOne("tool-1");
      writeFileSync(join(makeBuildDir(cacheDir), "half"), "");
      await clearAbandonedBuilds(cacheDir);
      assert.deepEqual(readdirSync(cacheDir), ["tool-1"]);
    });
  });

  describe("clearAbandonedBuilds, with a build that is still running", () => {
    it("ends it first", async () => {
      const child = spawn("sleep", ["60"], { detached: true });
      const builder = identify(child.pid ?? 0);
      assert.ok(builder !== undefined);
      recordBuilder(makeBuildDir(cacheDir), builder);
      await clearAbandonedBuilds(cacheDir);
      assert.equal(isAlive(builder), false);
      assert.deepEqual(readdirSync(cacheDir), []);
    });
  });

  describe("cacheKey", () => {
    const etcd = pieces.find(({ name }) => name === "etcd") as Piece;

    it("differs if a lock file changes", () => {
      const recipes = join(cacheDir, "recipes");
      cpSync(join(defaultRecipesDir(), "kubernetes"), join(recipes, "kubernetes"), { recursive: true });
      const before = cacheKey(etcd, recipes);
      assert.equal(before, cacheKey(etcd, defaultRecipesDir()));
      writeFileSync(join(recipes, "kubernetes", "go.sum"), "");
      assert.notEqual(cacheKey(etcd, recipes), before);
    });

    it("differs if the recipe changes", () => {
      const slower = { ...etcd, recipe: { ...etcd.recipe, linkerFlags: "" } } as Piece;
      assert.notEqual(cacheKey(slower, defaultRecipesDir()), cacheKey(etcd, defaultRecipesDir()));
    });

    it("exists for every piece: each names lock files that exist", () => {
      const keys = pieces.map((piece) => cacheKey(piece, defaultRecipesDir()));
      assert.equal(new Set(keys).size, pieces.length);
      assert.ok(existsSync(defaultRecipesDir()));
    });
  });
});
