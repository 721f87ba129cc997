import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { commands } from "../../cli/commands/index.ts";
import { KubernetesError } from "../../clients/kubernetes.ts";
import { Redacted } from "../../domain/redacted.ts";
import { main, namingStack, describeError } from "../../cli/main.ts";
import { recordedIo } from "./recorded-io.ts";

const bin = fileURLToPath(new URL("../../cli/bin.mjs", import.meta.url));

async function run(...argv: string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const io = recordedIo();
  const code = await main(argv, io);
  return { code, out: io.printed.out.join("\n"), err: io.printed.err.join("\n") };
}

/** Commander breaks lines where a terminal would. */
const unwrapped = (text: string) => text.replaceAll(/\s+/g, " ");

describe("main", function () {
  this.timeout(30_000);

  it("names every command once, by its words, in the help of the program or of its group", async () => {
    const names = commands.map(({ name }) => name);
    assert.deepEqual([...new Set(names)], names);
    const { code, out } = await run("--help");
    assert.equal(code, 0);
    for (const { name, summary } of commands) {
      const [group = "", member] = name.split(" ");
      const help = member === undefined ? out : (await run(group, "--help")).out;
      assert.match(help, new RegExp(`^ {2}${member ?? group}\\b`, "m"), name);
      assert.ok(unwrapped(help).includes(unwrapped(summary.replace(/[;:] .*/, ""))), name);
    }
  });

  it("shows for each command what it does, its options, and complete examples", async () => {
    for (const { name, summary, options = [], examples } of commands) {
      const { code, out, err } = await run(...name.split(" "), "--help");
      assert.deepEqual([code, err], [0, ""], name);
      assert.ok(unwrapped(out).includes(unwrapped(summary)), `summary of ${name}`);
      for (const { flags } of options) assert.ok(out.includes(flags), `${flags} of ${name}`);
      assert.ok(examples.length > 0, `${name} has no example`);
      for (const example of examples) assert.ok(out.includes(`  ${example}`), `${example} of ${name}`);
    }
  });

  it("prints no known value in an error, as text and as JSON", async () => {
    const held = new Redacted("No-Such-Stack-4711");
    const { out, err } = await run("doctor", "--stack", "No-Such-Stack-4711", "--json");
    assert.match(err, /\[redacted\]/);
    assert.match(out, /\[redacted\]/);
    assert.doesNotMatch(out + err, /4711/);
    assert.equal(held.reveal().length, 18);
  });

  it("marks a required option", async () => {
    assert.match(unwrapped((await run("render", "--help")).out), /--stack <name> dev, staging or prod; required/);
    assert.doesNotMatch((await run("graph", "--help")).out, /; required/);
  });

  it("shows the exit codes in every help text", async () => {
    const reported = "0 ok; 1 found or refused something; 2 could not run";
    assert.ok((await run("--help")).out.includes(reported));
    for (const { name } of commands) assert.ok((await run(...name.split(" "), "--help")).out.includes(reported), name);
  });

  it("prints the version of package.json, and writes it into the output for code scanning", async () => {
    const file = new URL("../../package.json", import.meta.url);
    const { version } = JSON.parse(readFileSync(file, "utf8")) as { readonly version: string };
    assert.deepEqual(await run("--version"), { code: 0, out: version, err: "" });
    const { out } = await run("lint", "--format", "sarif", fileURLToPath(file));
    const { runs } = JSON.parse(out) as { runs: readonly { tool: { driver: { version: string } } }[] };
    assert.deepEqual(
      runs.map(({ tool }) => tool.driver.version),
      [version],
    );
  });

  it("shows the stack first, and shared options last and in one order", async () => {
    for (const { name } of commands) {
      const { out } = await run(...name.split(" "), "--help");
      const flags = [...out.matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, flag = ""]) => flag);
      if (flags.includes("--stack")) assert.equal(flags[0], "--stack", name);
      const last = ["--yes", "--json", "--home", "--port-base"].filter((flag) => flags.includes(flag));
      assert.deepEqual(flags.slice(flags.length - last.length), last, name);
    }
  });

  it("offers no stack that it refuses", async () => {
    for (const name of ["up", "destroy"]) {
      assert.doesNotMatch(unwrapped((await run(name, "--help")).out), /or local /, name);
      const { code, err } = await run(name, "--stack", "local");
      assert.equal(code, 2, name);
      assert.match(err, /fix: ameide-secrets local (up|down)/, name);
    }
  });

  it("can parse each of its own examples", () => {
    for (const { name, options = [], examples } of commands) {
      const known = new Set(options.flatMap(({ flags }) => flags.match(/--[a-z-]+/g) ?? []));
      for (const example of examples.filter((one) => one.includes("ameide-secrets"))) {
        const own = example.slice(example.indexOf("ameide-secrets")).replaceAll(/\$\(.*?\)/g, "id");
        assert.ok(own.startsWith(`ameide-secrets ${name}`), example);
        for (const flag of own.match(/--[a-z-]+/g) ?? []) assert.ok(known.has(flag), `${flag} in: ${example}`);
      }
    }
  });

  it("fails on an unknown command with its name and where to look, and exit code 2", async () => {
    assert.deepEqual(await run("nope"), {
      code: 2,
      out: "",
      err: "ameide-secrets: unknown command 'nope'\n  fix: see ameide-secrets --help",
    });
  });

  it("fails on an unknown option, naming the help of the command that it was given to", async () => {
    assert.deepEqual(await run("lint", "--qqq", "."), {
      code: 2,
      out: "",
      err: "ameide-secrets: unknown option '--qqq'\n  fix: see ameide-secrets lint --help",
    });
  });

  it("fails on a missing option, a missing argument and a value that is not allowed", async () => {
    const codes = [["up"], ["who-uses", "--stack", "dev"], ["doctor", "--stack", "shared"]].map((argv) => run(...argv));
    assert.deepEqual(
      (await Promise.all(codes)).map(({ code }) => code),
      [2, 2, 2],
    );
  });

  it("fails with the cause as JSON on standard output, and in words on standard error, with --json", async () => {
    const { code, out, err } = await run("doctor", "--json");
    assert.equal(code, 2);
    assert.deepEqual(JSON.parse(out), {
      error: { code: "usage", message: "required option '--stack <name>' not specified", findings: [] },
    });
    assert.match(err, /^ameide-secrets: required option/);
  });

  it("prints a user error with its fix and without a stack trace, and its code with --json", async () => {
    const { code, out, err } = await run("preview", "--json");
    assert.equal(code, 2);
    const { error } = JSON.parse(out) as { error: { code: string; message: string; findings: unknown[] } };
    assert.deepEqual([error.code, error.findings], ["usage", []]);
    assert.match(err, /^ameide-secrets: preview needs .*\n {2}fix: /);
    assert.doesNotMatch(err, /\n {4}at /);
  });

  it("ends normally if the reader of its output stops reading, as head does", async () => {
    const child = spawn(process.execPath, [bin, "--help"], { stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.destroy();
    let err = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
    const [code] = (await once(child, "close")) as [number];
    assert.deepEqual([code, err], [0, ""]);
  });
});

describe("describeError", () => {
  it("points to the missing right if the API server refused a request, and only then", () => {
    const { code: refused, text: right } = describeError(new KubernetesError(403, "secrets is forbidden"));
    assert.equal(refused, "kubernetes-refused");
    assert.match(right, /^the API server refused: secrets is forbidden\n {2}fix: ask for the right; .* whoami$/);
    const { code: login, text: again } = describeError(new KubernetesError(401, "Unauthorized"));
    assert.equal(login, "kubernetes-login-refused");
    assert.match(again, /does not accept your login: Unauthorized\n {2}fix: log in to the cluster again;/);
    const { code: throttled, text: wait } = describeError(new KubernetesError(429, "too many requests"));
    assert.equal(throttled, "kubernetes-throttled");
    assert.match(wait, /\n {2}fix: wait, and run the same command again$/);
    for (const status of [400, 404, 409, 422, 500, 503]) {
      const { code, text } = describeError(new KubernetesError(status, "its words"));
      assert.equal(code, "kubernetes-failed");
      assert.match(
        text,
        new RegExp(`^the API server answered ${status}: its words\\n {2}fix: .*ameide-secrets doctor --stack <stack>$`),
      );
    }
  });

  it("shows a bug of ours with its stack trace", () => {
    const { code, text } = describeError(new Error("a defect"));
    assert.equal(code, "internal-error");
    assert.match(text, /^Error: a defect\n {4}at /);
  });
});

describe("namingStack", () => {
  const filled = (line: string) => namingStack("fix: doctor --stack <stack>", line.split(" "));

  it("puts the stack of the command line into the fix, wherever the option is", () => {
    assert.equal(filled("resync --stack dev --yes"), "fix: doctor --stack dev");
    assert.equal(filled("rotate ghcr-token --stack=prod"), "fix: doctor --stack prod");
    assert.equal(filled("local up"), "fix: doctor --stack local");
  });

  it("keeps the placeholder if no stack is given, or several are", () => {
    for (const line of ["lint .", "graph --stack dev --stack prod", "resync --stack"])
      assert.equal(filled(line), "fix: doctor --stack <stack>", line);
  });
});
