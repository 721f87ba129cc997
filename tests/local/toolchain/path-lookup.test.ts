import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, relative } from "node:path";
import { lookUpOnPath, which } from "../../../local/toolchain/path-lookup.ts";
import type { PathCandidate } from "../../../local/toolchain/pieces.ts";

describe("lookUpOnPath", () => {
  let dir: string;
  const candidate: PathCandidate = {
    command: "tool",
    versionArguments: ["version"],
    versionPattern: /v(\d+\.\d+\.\d+)/,
    accepts: ([major]) => major === 2,
    wants: "2",
  };
  const options = () => ({ path: join(dir, "bin"), cacheDir: join(dir, "cache") });
  const tool = join("bin", "tool");
  const install = (version: string, name = tool) => {
    writeFileSync(join(dir, name), `#!/bin/sh\necho asked >> "${dir}/asked"\necho v${version}\n`);
    chmodSync(join(dir, name), 0o755);
  };

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "ameide-secrets-path-"));
    mkdirSync(join(dir, "bin"));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it("finds a version that fits", async () => {
    install("2.3.4");
    assert.deepEqual(await lookUpOnPath([candidate], options()), {
      found: { path: join(dir, tool), version: "2.3.4" },
      refused: [],
    });
  });

  it("reports a version that does not fit, and continues with the next candidate", async () => {
    install("1.0.0");
    install("2.0.0", join("bin", "other"));
    assert.deepEqual(await lookUpOnPath([candidate, { ...candidate, command: "other" }], options()), {
      found: { path: join(dir, "bin", "other"), version: "2.0.0" },
      refused: [{ path: join(dir, tool), version: "1.0.0", wants: "2" }],
    });
  });

  it("refuses one that prints no version, such as a shim without its program", async () => {
    writeFileSync(join(dir, tool), "#!/bin/sh\nexit 127\n");
    chmodSync(join(dir, tool), 0o755);
    assert.deepEqual(await lookUpOnPath([candidate], options()), { refused: [{ path: join(dir, tool), wants: "2" }] });
  });

  it("runs it once, and again if the file has changed", async () => {
    install("2.0.0");
    await lookUpOnPath([candidate], options());
    await lookUpOnPath([candidate], options());
    assert.equal(readFileSync(join(dir, "asked"), "utf8"), "asked\n");
    install("2.10.10");
    assert.equal((await lookUpOnPath([candidate], options())).found?.version, "2.10.10");
  });
});

describe("which", () => {
  it("ignores relative folders: what is in the working folder cannot be trusted", () => {
    const folder = join(process.execPath, "..");
    assert.equal(which("node", relative(process.cwd(), folder)), undefined);
    assert.equal(which("node", ["/nowhere", folder].join(delimiter)), join(folder, "node"));
  });
});
