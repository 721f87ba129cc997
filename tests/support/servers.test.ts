import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { self } from "../../local/process-identity.ts";

/** No process has such a number. */
const ended = { pid: 2 ** 22 + 1, startedAt: "long ago" };
const module = new URL("./servers.ts", import.meta.url).href;

describe("temporaryHome", () => {
  let folder: string;

  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "ameide-secrets-abandoned-"))));
  afterEach(() => rmSync(folder, { recursive: true }));

  /** A home as a run leaves it that is killed; its servers have ended since. */
  function abandon(name: string, owner = ended): string {
    const dir = join(folder, `ameide-secrets-test-${name}`);
    mkdirSync(dir);
    const servers = ["etcd", "kube-apiserver", "openbao"].map((server) => ({ ...ended, name: server }));
    writeFileSync(join(dir, "servers.json"), JSON.stringify({ servers }));
    writeFileSync(`${dir}.owner`, JSON.stringify(owner));
    return dir;
  }

  /** Asks for a home in a separate process that uses this test's temporary folder. */
  async function elsewhere(): Promise<{ readonly code: number; readonly reported: string }> {
    const script = `import { temporaryHome } from "${module}"; await temporaryHome();`;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
      env: { ...process.env, TMPDIR: folder },
      stdio: ["ignore", "ignore", "pipe"],
    });
    const reported = text(child.stderr);
    const [code] = (await once(child, "exit")) as [number];
    return { code, reported: await reported };
  }

  it("clears the remains of killed runs, also while another run does the same", async function () {
    this.timeout(60_000);
    const abandoned = Array.from({ length: 20 }, (_, index) => abandon(String(index)));
    const runs = await Promise.all([elsewhere(), elsewhere(), elsewhere()]);
    assert.deepEqual(
      runs,
      runs.map(() => ({ code: 0, reported: "" })),
    );
    assert.deepEqual(
      abandoned.filter((dir) => existsSync(dir) || existsSync(`${dir}.owner`)),
      [],
    );
  });

  it("leaves the home of a running run", async () => {
    const dir = abandon("alive", self());
    assert.deepEqual(await elsewhere(), { code: 0, reported: "" });
    assert.ok(existsSync(dir) && existsSync(`${dir}.owner`));
  });
});
