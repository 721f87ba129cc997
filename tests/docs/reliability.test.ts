import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../../environments/repository.ts";
import { shownFaults } from "../faults/fault-table.ts";

describe("docs/reliability.md", () => {
  for (const { what, shownBy } of shownFaults) {
    it(`names the test that shows: ${what}`, () => {
      const [file, title] = shownBy;
      assert.ok(readFileSync(join(repositoryRoot, file), "utf8").includes(title), `${file} has no test "${title}"`);
    });
  }
});
