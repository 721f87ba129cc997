import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { localHome } from "../../local/home.ts";
import { pruneUpdateHistory } from "../../local/pulumi-state.ts";

describe("pruneUpdateHistory", () => {
  let dir = "";
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), "history-"))));
  afterEach(() => rmSync(dir, { recursive: true }));

  const folderOf = (stack: string) => join(localHome({ dir }).pulumi.stateDir, ".pulumi/history/ameide-secrets", stack);

  function update(stack: string, number: number): readonly string[] {
    mkdirSync(folderOf(stack), { recursive: true });
    const at = 1_764_460_000_000_000_000n + BigInt(number);
    const files = [
      `${stack}-${at}.history.json`,
      `${stack}-${at}.checkpoint.json`,
      `${stack}-${at}.checkpoint.json.attrs`,
    ];
    for (const file of files) writeFileSync(join(folderOf(stack), file), "{}");
    return files;
  }

  it("keeps the last updates of each stack completely, and nothing of older ones", () => {
    const all = Array.from({ length: 30 }, (_, number) => update("local", number));
    const other = [update("local-2", 1), update("local-2", 2)];
    pruneUpdateHistory(localHome({ dir }));
    assert.deepEqual(readdirSync(folderOf("local")).toSorted(), all.slice(-20).flat().toSorted());
    assert.deepEqual(readdirSync(folderOf("local-2")).toSorted(), other.flat().toSorted());
  });

  it("does not touch unknown files, or a home without a history", () => {
    pruneUpdateHistory(localHome({ dir }));
    update("local", 1);
    update("local", 2);
    writeFileSync(join(folderOf("local"), "notes.txt"), "");
    pruneUpdateHistory(localHome({ dir }), 1);
    assert.equal(readdirSync(folderOf("local")).length, 4);
    assert.ok(readdirSync(folderOf("local")).includes("notes.txt"));
  });
});
