import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runDoctor } from "../../../cli/operate/doctor.ts";
import type { Access } from "../../../diagnose/observe/access.ts";
import { UserError } from "../../../domain/user-error.ts";
import { stack } from "../../diagnose/healthy.ts";
import { recordedIo } from "../recorded-io.ts";

const access: Access = { kubernetes: "no kubeconfig", vault: "no address", azure: "not logged in" };

/** A place that counts, and stops the watch when it is opened for the last time. */
function counted(last = 3) {
  const stop = new AbortController();
  const count = { opened: 0, closed: 0 };
  const open = () => {
    count.opened += 1;
    if (count.opened === last) stop.abort();
    return Promise.resolve({ stack, access, close: () => Promise.resolve(void (count.closed += 1)) });
  };
  return { count, open, signal: stop.signal };
}

describe("runDoctor", () => {
  it("opens and closes its connections for each round of --watch", async () => {
    const { count, open, signal } = counted();
    await assert.rejects(runDoctor({ open, signal, watch: true, pauseInSeconds: 0 }, recordedIo()), {
      name: "AbortError",
    });
    assert.deepEqual(count, { opened: 3, closed: 3 });
  });
  it("prints everything once with --watch, and one line with the time while nothing changes", async () => {
    const { open, signal } = counted(4);
    const io = recordedIo();
    await assert.rejects(runDoctor({ open, signal, watch: true, pauseInSeconds: 0 }, io), { name: "AbortError" });
    const [first = "", ...rest] = io.printed.out;
    assert.match(first, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\n\nsecret-store: The cluster could not be read/);
    assert.equal(rest.length, 2);
    for (const line of rest) assert.match(line, /^[\d-]+ [\d:]+ UTC {2}unchanged: dev: 0 of \d+ secrets pass[^\n]*$/);
  });
  it("continues --watch while a server is unreachable for a while, and fails if it was never reachable", async () => {
    const { open, signal } = counted();
    const gone = () =>
      Promise.reject(UserError.of("kubeconfig-unreadable", "the kubeconfig cannot be read", "get one"));
    const io = recordedIo();
    let opened = 0;
    const comesBack = () => ((opened += 1) === 2 ? gone() : open());
    await assert.rejects(runDoctor({ open: comesBack, signal, watch: true, pauseInSeconds: 0 }, io), {
      name: "AbortError",
    });
    assert.deepEqual(io.printed.err, ["ameide-secrets: the kubeconfig cannot be read\n  fix: get one"]);
    await assert.rejects(runDoctor({ open: gone, signal, watch: true }, io), { code: "kubeconfig-unreadable" });
  });
  it("writes into its bundle what was read and found, and the version of the program", async () => {
    const dir = await mkdtemp(join(tmpdir(), "doctor-"));
    const { open, signal } = counted();
    const bundle = join(dir, "ticket.json");
    await runDoctor({ open, signal, bundle }, recordedIo());
    const written = JSON.parse(await readFile(bundle, "utf8")) as Record<string, { name?: string }>;
    assert.deepEqual(Object.keys(written), ["program", "diagnosis", "snapshot"]);
    assert.equal(written["program"]?.name, "ameide-secrets");
    await rm(dir, { recursive: true });
  });
  it("prints nothing of a round that Ctrl-C ended", async () => {
    const { open, signal } = counted(1);
    const io = recordedIo();
    await assert.rejects(runDoctor({ open, signal }, io), { name: "AbortError" });
    assert.deepEqual(io.printed.out, []);
  });
  it("prints one JSON object per line with --watch", async () => {
    const { open, signal } = counted();
    const io = recordedIo();
    const options = { open, signal, watch: true, json: true, pauseInSeconds: 0 };
    await assert.rejects(runDoctor(options, io), { name: "AbortError" });
    assert.equal(io.printed.out.length, 2);
    for (const text of io.printed.out) {
      assert.equal(text.includes("\n"), false);
      assert.equal((JSON.parse(text) as { environment: string }).environment, "dev");
    }
  });
  it("fails if a secret could not be read at every stage", async () => {
    const { open, signal, count } = counted();
    assert.equal((await runDoctor({ open, signal }, recordedIo())).ok, false);
    assert.deepEqual(count, { opened: 1, closed: 1 });
  });
});
