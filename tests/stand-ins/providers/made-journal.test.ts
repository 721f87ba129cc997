import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MadeJournal } from "../../../stand-ins/providers/made-journal.ts";

describe("MadeJournal", () => {
  let dir = "";
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "ameide-journal-"));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it("remembers what was made, and forgets what is gone, over a restart", () => {
    const file = join(dir, "made");
    const first = MadeJournal.open(file);
    for (const id of ["a", "b", "c"]) first.making(id, `urn:${id}`);
    first.gone("b");
    const second = MadeJournal.open(file);
    assert.deepEqual(
      ["a", "b", "c"].map((id) => second.madeFor(id)),
      ["urn:a", undefined, "urn:c"],
    );
  });

  it("is readable by its owner only, and holds one line for each resource after a restart", () => {
    const file = join(dir, "made");
    const journal = MadeJournal.open(file);
    for (const id of ["a", "b"]) journal.making(id, "urn");
    journal.gone("a");
    MadeJournal.open(file);
    assert.equal(readFileSync(file, "utf8"), '["made","b","urn"]\n');
    assert.equal(statSync(file).mode & 0o777, 0o600);
  });

  it("takes a line that a kill cut off for none", () => {
    const file = join(dir, "made");
    MadeJournal.open(file).making("a", "urn");
    appendFileSync(file, '["made","b');
    const journal = MadeJournal.open(file);
    assert.deepEqual([journal.madeFor("a"), journal.madeFor("b")], ["urn", undefined]);
  });

  it("remembers within the process without a file", () => {
    const journal = MadeJournal.open(undefined);
    journal.making("a", "urn");
    assert.equal(journal.madeFor("a"), "urn");
  });
});
