import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitUntil } from "../../local/wait-until.ts";

/** A clone with start.mjs only; its Node and its npm are scripts that record how they were called. */
describe("npm start", () => {
  let clone: string;
  const script = (path: string, text: string) => {
    writeFileSync(join(clone, path), `#!/bin/sh\n${text}\n`);
    chmodSync(join(clone, path), 0o755);
  };
  const start = (...args: string[]): ChildProcess =>
    spawn(process.execPath, ["local/start.mjs", ...args], {
      cwd: clone,
      env: { PATH: `${join(clone, "bin")}:/usr/bin:/bin`, HOME: clone },
      stdio: ["ignore", "pipe", "pipe"],
    });
  const outcome = async (child: ChildProcess) => {
    let text = "";
    child.stdout?.on("data", (part: Buffer) => (text += part.toString()));
    child.stderr?.on("data", (part: Buffer) => (text += part.toString()));
    const [code] = (await once(child, "close")) as [number];
    return { code, text };
  };
  const install = () => {
    mkdirSync(join(clone, "node_modules", ".bin"), { recursive: true });
    writeFileSync(join(clone, "node_modules", ".package-lock.json"), "{}");
    script("node_modules/.bin/node", 'echo "node $*"; case "$*" in *fail*) exit 7 ;; esac');
  };

  beforeEach(() => {
    clone = mkdtempSync(join(tmpdir(), "ameide-secrets-start-"));
    for (const file of ["start.mjs", "install.mjs", "overview/show.mjs", "overview/packages"]) {
      cpSync(join(import.meta.dirname, "..", "..", "local", file), join(clone, "local", file), { recursive: true });
    }
    writeFileSync(join(clone, "package-lock.json"), "{}");
    mkdirSync(join(clone, "bin"));
  });
  afterEach(() => rmSync(clone, { recursive: true }));

  it("runs `local up` with its arguments, on npm's Node", async () => {
    install();
    assert.deepEqual(await outcome(start("--dotenv", ".env")), {
      code: 0,
      text: "node --max-semi-space-size=4 cli/bin.mjs local up --dotenv .env\n",
    });
  });

  it("ends with the exit code of the command", async () => {
    install();
    assert.equal((await outcome(start("fail"))).code, 7);
  });

  it("gets the toolchain before the checks of npm test, and skips the checks if that fails", async () => {
    install();
    assert.equal(
      (await outcome(start("--test", "a"))).text,
      "node local/toolchain/get.ts\nnode tests/support/check.mjs a\n",
    );
    script("node_modules/.bin/node", 'echo "node $*"; case "$*" in *get.ts) exit 2 ;; esac');
    assert.deepEqual(await outcome(start("--test")), { code: 2, text: "node local/toolchain/get.ts\n" });
  });

  it("forwards SIGTERM, and ends as the command does", async () => {
    install();
    script(
      "node_modules/.bin/node",
      `[ "$1" = --version ] && exit; trap 'exit 5' TERM; echo up > "${clone}/up"; while :; do sleep 0.05; done`,
    );
    const child = start();
    await waitUntil(async () => readFileSync(join(clone, "up"), "utf8") === "up\n", {
      inSeconds: 10,
      forWhat: "the command",
    });
    child.kill("SIGTERM");
    assert.equal((await outcome(child)).code, 5);
  });

  it("installs again if the lock file is newer than what is installed, and reports a failure with its log", async () => {
    install();
    const future = new Date(Date.now() + 60_000);
    utimesSync(join(clone, "package-lock.json"), future, future);
    script("bin/npm", 'echo "npm $*" >> calls; echo "no space left" >&2; exit 3');
    const { code, text } = await outcome(start("--test"));
    assert.equal(code, 3);
    assert.equal(readFileSync(join(clone, "calls"), "utf8"), "npm ci --no-audit --no-fund\n");
    assert.match(text, /npm ci ended with 3\n {4}no space left\n {2}fix: read .*npm-install-\d+\.log/);
  });

  it("uses the running Node if npm installed none that runs here", async () => {
    install();
    script("node_modules/.bin/node", "exit 1");
    mkdirSync(join(clone, "cli"));
    writeFileSync(join(clone, "cli", "bin.mjs"), "console.log(process.version, ...process.argv.slice(2))");
    assert.equal((await outcome(start())).text, `${process.version} local up\n`);
  });
});
