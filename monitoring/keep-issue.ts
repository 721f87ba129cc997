import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Lineage } from "../diagnose/lineage.ts";
import { safeText } from "../domain/safe-text.ts";

/**
 * `node monitoring/keep-issue.ts FOLDER RUN STACK...`: keeps one issue of the repository up to date with what the commands of
 * `watch.yml` printed. `FOLDER/seen-<stack>` contains for each command its output, `<command>.err` and `<command>.code`; `RUN`
 * is the address of the workflow's run. The issue is opened, edited and closed by `gh`, and found by its label and author.
 */
const label = "ameide-secrets-watch";
const commands = ["doctor", "drift", "rotation"] as const;
/** Of one command; GitHub accepts 65,536 characters in an issue. */
const mostCharacters = 6_000;

const [folder = "", run = "", ...stacks] = process.argv.slice(2);
const sections = stacks.flatMap((stack) => sectionsOf(stack));
keep(sections, [...new Set(sections.map(({ stack }) => stack))]);

interface Section {
  readonly stack: string;
  readonly title: string;
  readonly text: string;
}

/** What needs attention in a stack; nothing where all is well. */
function sectionsOf(stack: string): readonly Section[] {
  const file = (name: string): string | undefined => {
    try {
      return readFileSync(join(folder, `seen-${stack}`, name), "utf8");
    } catch {
      return undefined;
    }
  };
  const found = commands.flatMap((command): Section[] => {
    const code = file(`${command}.code`)?.trim();
    if (code === undefined || code === "0") return [];
    const [output = "", errors = ""] = [file(command), file(`${command}.err`)];
    if (code !== "1") return [{ stack, title: `${command} could not run`, text: errors }];
    const text = command === "drift" ? differences(output) : output;
    return text === "" ? [] : [{ stack, title: `${command} found something`, text }];
  });
  const ended = commands.filter((command) => file(`${command}.code`) !== undefined);
  if (ended.length === commands.length) return found;
  return [...found, { stack, title: "not everything was looked at", text: `the job of ${stack} ended early: ${run}` }];
}

/** Only what is known to differ: the reading identity sees no value in Vault, so those stay without a comparison. */
function differences(output: string): string {
  return (JSON.parse(output) as readonly Lineage[])
    .filter(({ firstDifference }) => firstDifference !== undefined)
    .map(({ name, firstDifference, fix }) => `${name}: differs first in ${firstDifference ?? ""}\n  fix: ${fix ?? ""}`)
    .join("\n");
}

function keep(found: readonly Section[], names: readonly string[]): void {
  const issue = openIssue();
  if (found.length === 0) {
    if (issue !== undefined) gh(["issue", "close", issue, "--comment", `All is well: ${run}`]);
    return;
  }
  const title = `ameide-secrets: ${names.join(", ")} ${names.length === 1 ? "needs" : "need"} attention`;
  const head = `A scheduled run found something to do: ${run}\n\nThis issue is edited with every run, and closed when all is well.`;
  const body = [head, ...found.map(({ stack, title: what, text }) => `### ${stack}: ${what}\n\n${asCode(text)}`)].join(
    "\n\n",
  );
  if (issue !== undefined) {
    gh(["issue", "edit", issue, "--title", title, "--body-file", "-"], body);
    return;
  }
  gh(["label", "create", label, "--force", "--description", "kept up to date by watch.yml"]);
  gh(["issue", "create", "--title", title, "--label", label, "--body-file", "-"], body);
}

/** The number of our open issue. Others may use the label, so the author counts as well. */
function openIssue(): string | undefined {
  const fields = ["--json", "number,author"];
  const listed = gh(["issue", "list", "--label", label, "--state", "open", "--limit", "100", ...fields]);
  const issues = JSON.parse(listed) as readonly { number: number; author: { is_bot?: boolean } }[];
  return issues.find(({ author }) => author.is_bot === true)?.number.toString();
}

/** Each line indented, so that no name in it is Markdown, HTML or a mention; there is no fence that a name could end. */
function asCode(text: string): string {
  const code = safeText(text.trimEnd()).replaceAll(/^/gm, "    ");
  return code.length <= mostCharacters ? code : `${code.slice(0, mostCharacters)}\n    ... the rest: ${run}`;
}

function gh(argv: readonly string[], input = ""): string {
  return execFileSync("gh", argv, { encoding: "utf8", input, stdio: ["pipe", "pipe", "inherit"] });
}
