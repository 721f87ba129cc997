import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { commands } from "../../cli/commands/index.ts";
import { pasteable } from "../../cli/spelling.ts";
import { repositoryRoot } from "../../environments/repository.ts";

const files = [
  "README.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  ...globSync("docs/**/*.md", { cwd: repositoryRoot }).toSorted(),
];

for (const file of files) {
  const text = readFileSync(join(repositoryRoot, file), "utf8");
  const prose = withoutCode(text);

  describe(file, () => {
    it("links to files and headings that exist", () => {
      const broken = [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
        .map(([, link = ""]) => link)
        .filter((link) => !/^https?:/.test(link) && !leadsSomewhere(file, link));
      assert.deepEqual(broken, []);
    });

    it("names commands and options that exist", () => {
      for (const line of commandLines(text)) {
        const command = commands.find(({ name }) => line === name || line.startsWith(`${name} `));
        assert.ok(command !== undefined || isGroup(line), line);
        const known = new Set([
          "--help",
          ...(command?.options ?? []).flatMap(({ flags }) => flags.match(/--[a-z-]+/g) ?? []),
        ]);
        for (const flag of line.match(/--[a-z-]+/g) ?? []) assert.ok(known.has(flag), `${flag} in: ${line}`);
      }
    });

    it("spells commands as they run in the clone, and not as npx would resolve them", () => {
      assert.equal(pasteable(text, "./ameide-secrets", commands), text);
      assert.doesNotMatch(text, /\bnpx (?:-\S+ )*ameide-secrets/);
    });

    it("has no angle bracket outside code: text between two of them is not shown", () => {
      assert.deepEqual(prose.match(/(?<!\\)<[^>\n]*>/g) ?? [], []);
    });

    it("has no double underscore outside code: text between two of them becomes bold", () => {
      assert.deepEqual(prose.match(/(?<!\\)__\w+/g) ?? [], []);
    });

    it("has no merge conflict marker", () => {
      assert.deepEqual(text.match(/^(?:<{7}|={7}|>{7})(?: .*)?$/gm) ?? [], []);
    });

    it("has no table row after a blank line", () => {
      const blocks = prose.split(/\n\s*\n/).filter((block) => block.startsWith("|"));
      assert.deepEqual(
        blocks.filter((block) => !/^\|[ :|-]+$/.test(block.split("\n")[1] ?? "")),
        [],
      );
    });
  });
}

/** What a reader sees as text: fences, indented blocks and code spans are taken out. */
function withoutCode(text: string): string {
  return text
    .replaceAll(/^```[\s\S]*?^```$/gm, "")
    .replaceAll(/^ {4}.*$/gm, "")
    .replaceAll(/`[^`\n]*`/g, "code");
}

/** Our own command lines in code spans and blocks, without the other commands of a pipe. */
function commandLines(text: string): readonly string[] {
  const blocks = text.match(/^```[\s\S]*?^```$|^ {4}.*$/gm) ?? [];
  const spans = [...text.matchAll(/`([^`\n]+)`/g)].map(([, span = ""]) => span);
  return [...blocks, ...spans].flatMap((code) =>
    [...code.matchAll(/(?:^ *|&& |\| )(?:\.\/)?ameide-secrets ([a-z][^\n|#;&<]*)/gm)].map(([, line = ""]) =>
      line.trim(),
    ),
  );
}

/** Such as `ameide-secrets env`: the first word of others. */
function isGroup(line: string): boolean {
  return commands.some(({ name }) => name.startsWith(`${line} `));
}

function leadsSomewhere(file: string, link: string): boolean {
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? join(repositoryRoot, file) : join(repositoryRoot, dirname(file), path);
  if (!existsSync(target)) return false;
  return anchor === undefined || anchorsOf(readFileSync(target, "utf8")).has(anchor);
}

/** As GitHub makes them of headings. */
function anchorsOf(text: string): ReadonlySet<string> {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}
