import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commands } from "../../cli/commands/index.ts";
import { main } from "../../cli/main.ts";
import { pasteable, programHere } from "../../cli/spelling.ts";
import { repositoryRoot } from "../../environments/repository.ts";
import { recordedIo } from "./recorded-io.ts";

const launcher = join(repositoryRoot, "ameide-secrets");

describe("pasteable", () => {
  const spelled = (text: string) => pasteable(text, "./ameide-secrets", commands);

  it("spells each command of the program, wherever it is in a text", () => {
    assert.equal(
      spelled("x: `ameide-secrets doctor --stack dev`\n  fix: helm template . | ameide-secrets lint -"),
      "x: `./ameide-secrets doctor --stack dev`\n  fix: helm template . | ./ameide-secrets lint -",
    );
    assert.equal(spelled("see ameide-secrets --help"), "see ./ameide-secrets --help");
    assert.equal(spelled("Usage: ameide-secrets [options]"), "Usage: ./ameide-secrets [options]");
  });

  it("leaves names, paths, prose and commands that are already spelled", () => {
    for (const text of [
      "ameide-secrets: it could not run",
      "the policy ameide-secrets-deployer",
      "~/.cache/ameide-secrets/toolchain",
      "owned by ameide-secrets since today",
      "./ameide-secrets doctor",
      "uses: ameideio/ameide-secrets up",
      "ameide-secrets doctored",
    ]) {
      assert.equal(spelled(text), text);
    }
  });
});

describe("programHere", () => {
  let folder = "";
  beforeEach(() => (folder = realpathSync(mkdtempSync(join(tmpdir(), "spelling-")))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it("is relative within the repository and absolute elsewhere", () => {
    assert.equal(programHere({ folder: repositoryRoot, path: "" }), "./ameide-secrets");
    assert.equal(programHere({ folder: join(repositoryRoot, "docs", "pages"), path: "" }), "../../ameide-secrets");
    assert.equal(programHere({ folder, path: "" }), realpathSync(launcher));
  });

  it("is the bare name only if that starts this installation", () => {
    const linked = join(folder, "bin");
    mkdirSync(linked);
    symlinkSync(launcher, join(linked, "ameide-secrets"));
    assert.equal(programHere({ folder, path: `/nowhere:${linked}` }), "ameide-secrets");
    writeFileSync(join(folder, "ameide-secrets"), "#!/bin/sh\n");
    assert.equal(programHere({ folder, path: `${folder}:${linked}` }), realpathSync(launcher));
    // a folder that PATH names relative to the current one belongs to whoever wrote that folder
    assert.equal(programHere({ folder, path: ".:" }), realpathSync(launcher));
  });
});

describe("main", () => {
  let folder = "";
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "spelled-"))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it("spells commands for people, and keeps them canonical for programs", async () => {
    const io = recordedIo();
    await main(["doctor", "--json"], io, "/opt/ameide-secrets");
    assert.match(io.printed.err.join("\n"), /fix: see \/opt\/ameide-secrets doctor --help$/);
    const file = join(folder, "unknown.yaml");
    writeFileSync(file, externalSecretOfAnUnknownName);
    const [text, sarif] = [recordedIo(), recordedIo()];
    await main(["lint", file], text, "/opt/ameide-secrets");
    await main(["lint", "--format", "sarif", file], sarif, "/opt/ameide-secrets");
    assert.match(text.printed.out.join("\n"), /`\/opt\/ameide-secrets add /);
    assert.match(sarif.printed.out.join("\n"), /`ameide-secrets add /);
    await main(["lint", "--help"], io, "/opt/ameide-secrets");
    assert.match(io.printed.out.join("\n"), /\/opt\/ameide-secrets lint gitops\//);
  });
});

describe("the file ameide-secrets", function () {
  this.timeout(60_000);
  let folder = "";
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "launcher-"))));
  afterEach(() => rmSync(folder, { recursive: true }));

  /** As a person's shell would, elsewhere, with neither Node nor npm on PATH. */
  const shell = (command: string) =>
    spawnSync("/bin/sh", ["-c", command], {
      cwd: folder,
      env: { PATH: "/usr/bin:/bin", HOME: folder },
      encoding: "utf8",
    });

  it("prints commands that run as pasted in the current folder", () => {
    const { status, stderr } = shell(`'${launcher}' lint`);
    assert.equal(status, 2);
    const printed = /fix: see (.*)$/m.exec(stderr)?.[1] ?? "";
    assert.deepEqual([shell(printed).status, shell(printed).stderr], [0, ""], printed);
  });

  it("sets no engines for npm: npx would warn of an older Node at every call, although cli/bin.mjs runs a newer one", () => {
    const text = readFileSync(join(repositoryRoot, "package.json"), "utf8");
    assert.equal((JSON.parse(text) as { readonly engines?: unknown }).engines, undefined);
  });

  it("starts through a link to a link, from any folder", () => {
    symlinkSync(launcher, join(folder, "first"));
    symlinkSync("first", join(folder, "second"));
    const { status, stdout, stderr } = shell("cd / && '" + join(folder, "second") + "' --version");
    assert.deepEqual([status, stderr], [0, ""]);
    assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
  });
});

const externalSecretOfAnUnknownName = `
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: { name: a-sync, namespace: ameide-dev }
spec:
  secretStoreRef: { name: ameide-vault, kind: SecretStore }
  data: [{ secretKey: A, remoteRef: { key: never-heard-of, property: value } }]
`;
