import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Lineage } from "../diagnose/lineage.ts";
import { safeText } from "../domain/safe-text.ts";

/**
 * `node monitoring/keep-issue.ts FOLDER RUN STACK...`: keeps one issue up to date with the output of the commands in
 * `watch.yml`. `FOLDER/seen-<stack>` contains each command's output, `<command>.err` and `<command>.code`; `RUN` is the
 * URL of the workflow run. `gh` opens, edits and closes the issue.
 */
const label = "ameide-secrets-watch";
const commands = ["doctor", "drift", "rotation"] as const;
/** Per command; GitHub accepts 65,536 characters in an issue. */
const mostCharacters = 6_000;

const [folder = "", run = "", ...stacks] = process.argv.slice(2);
const sections = stacks.flatMap((stack) => sectionsOf(stack));
keep(sections, [...new Set(sections.map(({ stack }) => stack))]);

interface Section {
  readonly stack: string;
  readonly title: string;
  readonly text: string;
}

/** @returns nothing if all is well. */
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
  return [...found, { stack, title: "not everything was checked", text: `the job of ${stack} ended early: ${run}` }];
}

/** Only known differences: the reading identity cannot read values in Vault, so those are not compared. */
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

/** Others may use the label, so the author must match as well. */
function openIssue(): string | undefined {
  const fields = ["--json", "number,author"];
  const listed = gh(["issue", "list", "--label", label, "--state", "open", "--limit", "100", ...fields]);
  const issues = JSON.parse(listed) as readonly { number: number; author: { is_bot?: boolean } }[];
  return issues.find(({ author }) => author.is_bot === true)?.number.toString();
}

/** Indented, so that no name is Markdown, HTML or a mention; a name could end a fence. */
function asCode(text: string): string {
  const code = safeText(text.trimEnd()).replaceAll(/^/gm, "    ");
  return code.length <= mostCharacters ? code : `${code.slice(0, mostCharacters)}\n    ... the rest: ${run}`;
}

function gh(argv: readonly string[], input = ""): string {
  return execFileSync("gh", argv, { encoding: "utf8", input, stdio: ["pipe", "pipe", "inherit"] });
}
