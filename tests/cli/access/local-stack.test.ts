import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { localHome, type LocalHome } from "../../../local/home.ts";
import { dotenvOf, rememberDotenv } from "../../../cli/access/local-stack.ts";

describe("dotenvOf", () => {
  let home: LocalHome;
  beforeEach(() => (home = localHome({ dir: mkdtempSync(join(tmpdir(), "ameide-secrets-dotenv-")) })));
  afterEach(() => rmSync(home.dir, { recursive: true }));

  it("uses the samples at first, and whatever is named", () => {
    assert.deepEqual(dotenvOf(home, undefined), [".env.example"]);
    assert.deepEqual(dotenvOf(home, [".env"]), [".env"]);
  });

  it("uses the files of the last start if none are named: samples must not replace real values", () => {
    rememberDotenv(home, "/checkout", [".env", "/elsewhere/.env.local"]);
    assert.deepEqual(dotenvOf(home, undefined), ["/checkout/.env", "/elsewhere/.env.local"]);
  });

  it("uses the samples of the checkout that starts it, after they were named again", () => {
    rememberDotenv(home, "/checkout", [".env"]);
    rememberDotenv(home, "/checkout", [".env.example"]);
    assert.deepEqual(dotenvOf(home, undefined), [".env.example"]);
  });
});
