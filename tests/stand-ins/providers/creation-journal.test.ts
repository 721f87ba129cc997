import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreationJournal } from "../../../stand-ins/providers/creation-journal.ts";

describe("CreationJournal", () => {
  let dir = "";
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "ameide-journal-"));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it("remembers created resources, and forgets deleted ones, across a restart", () => {
    const file = join(dir, "made");
    const first = new CreationJournal(file);
    for (const id of ["a", "b", "c"]) first.creating(id, `urn:${id}`);
    first.gone("b");
    const second = new CreationJournal(file);
    assert.deepEqual(
      ["a", "b", "c"].map((id) => second.createdFor(id)),
      ["urn:a", undefined, "urn:c"],
    );
  });

  it("is readable by its owner only, and has one line per resource after a restart", () => {
    const file = join(dir, "made");
    const journal = new CreationJournal(file);
    for (const id of ["a", "b"]) journal.creating(id, "urn");
    journal.gone("a");
    new CreationJournal(file);
    assert.equal(readFileSync(file, "utf8"), '["made","b","urn"]\n');
    assert.equal(statSync(file).mode & 0o777, 0o600);
  });

  it("ignores a line that a kill truncated", () => {
    const file = join(dir, "made");
    new CreationJournal(file).creating("a", "urn");
    appendFileSync(file, '["made","b');
    const journal = new CreationJournal(file);
    assert.deepEqual([journal.createdFor("a"), journal.createdFor("b")], ["urn", undefined]);
  });

  it("remembers within the process without a file", () => {
    const journal = new CreationJournal(undefined);
    journal.creating("a", "urn");
    assert.equal(journal.createdFor("a"), "urn");
  });
});
