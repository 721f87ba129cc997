import assert from "node:assert/strict";
import { table } from "../../cli/table.ts";

describe("table", () => {
  it("makes each column as wide as its widest cell, and ends no line in blanks", () => {
    assert.equal(
      table(
        ["NAME", "STATE"],
        [
          ["a", "synced"],
          ["much-longer", ""],
        ],
      ),
      "NAME         STATE\na            synced\nmuch-longer",
    );
  });

  it("is its heading where there are no rows", () => assert.equal(table(["NAME", "STATE"], []), "NAME  STATE"));
});
