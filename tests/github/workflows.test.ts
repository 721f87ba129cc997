import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { parse } from "yaml";
import { repositoryRoot } from "../../environments/repository.ts";

interface Step {
  readonly name?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, string>>;
}
interface Job {
  readonly steps?: readonly Step[];
  readonly uses?: string;
  readonly permissions?: Readonly<Record<string, string>>;
}

const files = globSync(".github/**/*.yml", { cwd: repositoryRoot }).toSorted();
const read = (file: string): string => readFileSync(join(repositoryRoot, file), "utf8");
const parsed = (file: string) =>
  parse(read(file)) as {
    readonly jobs?: Readonly<Record<string, Job>>;
    readonly runs?: { readonly steps: readonly Step[] };
    readonly permissions?: object;
  };
const stepsOf = (file: string): readonly Step[] => {
  const { jobs = {}, runs } = parsed(file);
  return [...(runs?.steps ?? []), ...Object.values(jobs).flatMap(({ steps = [] }) => steps)];
};
const script = (file: string, name: string): string => {
  const found = stepsOf(file).find((step) => step.name === name)?.run;
  assert.ok(found, `${file} has no step "${name}"`);
  return found;
};

describe("the workflows", () => {
  for (const file of files) {
    it(`pins every action of ${file} to a commit, and downloads in no other way`, () => {
      const lines = read(file).split("\n");
      const loose = (line: string) => /\buses: (?!\.\/|\S+@[0-9a-f]{40} # v)/.test(line) && !line.startsWith("#");
      const bad = lines.filter((line) => loose(line) || /\b(curl|wget|get\.pulumi\.com)\b/.test(line));
      assert.deepEqual(bad, []);
    });

    it(`puts no foreign text into a script of ${file}`, () =>
      assert.deepEqual(stepsOf(file).flatMap(({ run }) => run?.match(/\$\{\{.*?\}\}/g) ?? []), [])); // prettier-ignore
  }

  it("have only the permissions of their jobs, and keep no credentials in the checkout", () => {
    for (const file of files.filter((name) => name.includes("workflows"))) {
      assert.deepEqual(parsed(file).permissions, {}, file);
      for (const { uses, with: given } of stepsOf(file))
        if (uses?.startsWith("actions/checkout@") === true) assert.equal(given?.["persist-credentials"], false, file);
    }
  });

  it("install Pulumi's own distribution, in the version of the SDK", () => {
    const [version, install] = stepsOf(".github/actions/pulumi/action.yml");
    const { GITHUB_OUTPUT } = runStep(version?.run ?? "", repositoryRoot);
    const { dependencies } = JSON.parse(read("package.json")) as { dependencies: Record<string, string> };
    assert.equal(GITHUB_OUTPUT, `version=${dependencies["@pulumi/pulumi"] ?? ""}\n`);
    assert.match(install?.uses ?? "", /^pulumi\/actions@/);
    assert.equal(install?.with?.["pulumi-version"], "${{ steps.sdk.outputs.version }}");
    assert.ok(!files.some((file) => read(file).includes("pulumi-shims")));
  });

  it("show a plan in the summary as code, whatever its names contain", () => {
    const names = ["a\n# out", "b\r# out", "c\u2028# out", "```", "~~~\n</details>", "@everyone", "<img>"];
    const changes = names.map((name) => ({ operation: "create", type: "t", name, differs: [name] }));
    const { GITHUB_STEP_SUMMARY, GITHUB_OUTPUT } = runStep(script(".github/workflows/stack.yml", "plan"), undefined, {
      node: `#!/bin/sh\ncat <<'END'\n${JSON.stringify({ changes })}\nEND\n`,
    });
    assert.equal(GITHUB_OUTPUT, `changes=${names.length}\n`);
    const [head, blank, ...lines] = GITHUB_STEP_SUMMARY.trimEnd().split(/[\n\r\u2028]/);
    assert.deepEqual([head, blank, lines.length], ["### dev", "", names.length]);
    assert.deepEqual(lines.filter((line) => !line.startsWith("    - create t ")), []); // prettier-ignore
  });

  it("judge another repository's manifests with the rules of the action's own commit", () => {
    const folder = mkdtempSync(join(tmpdir(), "gitops-"));
    try {
      const secret = {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: "a" },
        stringData: { password: "Xk29fLq8vN" },
      };
      writeFileSync(join(folder, "-secret.yaml"), JSON.stringify(secret));
      const lint = script(".github/actions/lint/action.yml", "judge the manifests");
      const actionPath = join(repositoryRoot, ".github/actions/lint");
      const run = (path: string) =>
        runStep(lint, folder, { npm: "#!/bin/sh\n" }, { GITHUB_ACTION_PATH: actionPath, LINTED: path });
      const { status, stdout, GITHUB_STEP_SUMMARY, temporary } = run("-secret.yaml");
      assert.equal(status, 1, stdout);
      assert.match(stdout, /^::error file=-secret\.yaml,line=1,/m);
      assert.match(GITHUB_STEP_SUMMARY, /^ {4}.*-secret\.yaml/m);
      const sarif = JSON.parse(temporary["ameide-secrets.sarif"] ?? "") as { runs: { results: object[] }[] };
      assert.ok((sarif.runs[0]?.results.length ?? 0) > 0);
      rmSync(join(folder, "-secret.yaml"));
      assert.equal(run(".").status, 0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }).timeout(60_000);
});

/** Runs a step's script as a runner does, with executables of the test's own first on PATH. */
function runStep(
  text: string,
  cwd: string | undefined,
  executables: Readonly<Record<string, string>> = {},
  environment: Readonly<Record<string, string>> = {},
) {
  const folder = mkdtempSync(join(tmpdir(), "step-"));
  try {
    const [bin, temporary] = [join(folder, "bin"), join(folder, "temporary")];
    for (const made of [bin, temporary]) mkdirSync(made);
    for (const [name, content] of Object.entries(executables)) writeFileSync(join(bin, name), content, { mode: 0o755 });
    const outputs = { GITHUB_OUTPUT: join(folder, "output"), GITHUB_STEP_SUMMARY: join(folder, "summary") };
    for (const file of Object.values(outputs)) writeFileSync(file, "");
    const path = [bin, dirname(process.execPath), process.env["PATH"] ?? ""].join(delimiter);
    const env = { ...process.env, ...outputs, PATH: path, STACK: "dev", RUNNER_TEMP: temporary, ...environment };
    const shell = ["--noprofile", "--norc", "-eo", "pipefail", "-c", text];
    const { status, stdout, stderr } = spawnSync("bash", shell, { cwd: cwd ?? folder, env, encoding: "utf8" });
    const left = globSync("*", { cwd: temporary }).map((name) => [name, readFileSync(join(temporary, name), "utf8")]);
    return {
      status,
      stdout: `${stdout}${stderr}`,
      GITHUB_OUTPUT: readFileSync(outputs.GITHUB_OUTPUT, "utf8"),
      GITHUB_STEP_SUMMARY: readFileSync(outputs.GITHUB_STEP_SUMMARY, "utf8"),
      temporary: Object.fromEntries(left) as Record<string, string>,
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
