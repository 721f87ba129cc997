import { parse } from "dotenv";
import { basename } from "node:path";
import { errorFinding, type Finding, type Severity } from "../finding.ts";
import { repeated } from "../repeated.ts";
import { shellWord } from "../safe-text.ts";
import type { EnvironmentName } from "../stage.ts";

/** Whether git tracks a file; where that cannot be found out, the problem and its fix. */
export type GitAnswer = boolean | { readonly problem: string; readonly fix: string };

export interface DotenvFile {
  /** As the user would write it, such as `.env`. */
  readonly path: string;
  readonly text: string;
  readonly tracked: GitAnswer;
  /** Permission bits, such as 0o600; left out where the system has none. */
  readonly mode?: number;
}

/** A variable with the value that holds after all files are read. */
export interface Variable extends Pick<Assignment, "cutByHash" | "strayQuote"> {
  readonly name: string;
  readonly value: string;
  /** `file:line` of the assignment that holds. */
  readonly where: string;
  /** Orders findings: by file, then by line. */
  readonly place: number;
  /** See {@link Assignment}; left out for a value that is not from a file. */
  readonly written?: string;
}

/** More lines than any file has, so that `file * this + line` orders by file first. */
const linesPerFile = 10_000_000;

/** The time that dotenv takes grows with the square of a run of blank lines. */
const longestBlank = 1000;

/** Reads all files. A later file wins over an earlier one, and within a file the last assignment wins, as in dotenv. */
export function mergeFiles(files: readonly DotenvFile[]): {
  readonly variables: readonly Variable[];
  readonly findings: { readonly place: number; readonly finding: Finding }[];
} {
  const merged = new Map<string, Variable>();
  const findings: { place: number; finding: Finding }[] = [];

  for (const [order, { path, text }] of files.entries()) {
    const report = (line: number, code: string, problem: string, fix: string, name?: string): void => {
      const where = `${path}:${line}`;
      const finding = errorFinding(code, "dotenv", name ?? where, problem, fix, where);
      findings.push({ place: order * linesPerFile + line, finding });
    };
    if (text.includes("\0")) continue; // reported by fileFindings
    const blank = text.split(/\S+/).find((run) => run.length > longestBlank);
    if (blank !== undefined) {
      const problem = `more than ${longestBlank} spaces and line breaks follow each other here, so the file is not read`;
      const line = text.slice(0, text.indexOf(blank)).split("\n").length;
      report(line, "dotenv-too-blank", problem, "remove the blank lines");
      continue;
    }
    const values = parse(text);
    const { assignments, unreadLines } = scanDotenv(text);
    for (const [name, first, { line }] of repeated(assignments, ({ variable }) => variable)) {
      const problem = `${shownName(name)} is set twice, here and at ${path}:${first.line}`;
      report(line, "dotenv-duplicate", problem, "remove one of the two lines", shownName(name));
    }
    for (const { variable: name, line, ...notes } of assignments) {
      const value = Object.hasOwn(values, name) ? values[name] : undefined;
      const place = order * linesPerFile + line;
      if (value !== undefined) merged.set(name, { name, value, where: `${path}:${line}`, place, ...notes });
    }
    const lines = unreadLines.length === 0 ? [] : text.split(/\r\n?|\n/);
    for (const line of unreadLines) {
      const characters = unusableInName(lines[line - 1] ?? "");
      const problem = "this line is neither NAME=value nor a comment, so dotenv silently skips it";
      const fix = "write it as NAME=value, in quotes where the value spans lines, or begin it with #";
      report(line, "dotenv-line-unread", characters ? `${problem}; its name contains ${characters}` : problem, fix);
    }
  }
  return { variables: [...merged.values()].toSorted((a, b) => a.place - b.place), findings };
}

export function fileFindings(file: DotenvFile, environment: EnvironmentName | "shared"): readonly Finding[] {
  const { path, text, tracked, mode } = file;
  const isExample = isExampleFile(path);
  const found: Finding[] = [];
  const report = (code: string, problem: string, fix: string, severity: Severity = "error"): void => {
    found.push({ ...errorFinding(code, "dotenv", path, problem, fix, path), severity });
  };
  if (text.startsWith("\0GITCRYPT")) {
    report("dotenv-not-utf8", `${path} is locked by git-crypt, so no variable can be read`, "git-crypt unlock");
  } else if (text.includes("\0")) {
    // UTF-16 read as UTF-8, or not text at all
    const encoding = text.startsWith("\uFFFD\uFFFD") ? "UTF-16" : text.startsWith("\0") ? "UTF-16BE" : "UTF-16LE";
    const [from, copy] = [shellWord(path), shellWord(`${path}.utf8`)];
    const problem = `${path} is ${encoding} or not text at all; dotenv reads UTF-8 and finds no variable in it`;
    const fix = `(umask 077 && iconv -f ${encoding} -t UTF-8 ${from} > ${copy}) && mv ${copy} ${from}`;
    report("dotenv-not-utf8", problem, fix);
  }
  if (!isExample || environment !== "local") {
    if (typeof tracked === "object") {
      report("dotenv-git-unknown", `cannot find out whether git tracks ${path}: ${tracked.problem}`, tracked.fix);
    } else if (tracked && isExample) {
      const problem = `${path} holds sample values, which only local accepts, not ${environment}`;
      report("dotenv-tracked", problem, "use a file with real values, such as --dotenv .env");
    } else if (tracked) {
      const fix = `git rm --cached ${shellWord(path)}, add it to .gitignore, and rotate every value in it`;
      report("dotenv-tracked", `git tracks ${path}, so every value in it is in the history`, fix);
    }
  }
  if (mode !== undefined && (mode & 0o077) !== 0 && !isExample) {
    const problem = `other users can read or write ${path} (mode ${(mode & 0o777).toString(8)})`;
    report("dotenv-readable-by-others", problem, `chmod 600 ${shellWord(path)}`, "warning");
  }
  return found;
}

/** One assignment in a `.env` file, as dotenv reads it. */
export interface Assignment {
  readonly variable: string;
  /** Of the variable's name; counted from 1. */
  readonly line: number;
  /** An unquoted `#` with no space before it ended the value early. */
  readonly cutByHash: boolean;
  /** The value begins with a quote that does not close it, so that dotenv keeps the quote as part of the value. */
  readonly strayQuote: boolean;
  /** The value as the file has it, with its quotes, without a comment and without white space at its ends. */
  readonly written: string;
}

/** How dotenv 18 finds assignments, to the letter; a property test compares both for any text. */
const assignment =
  /(?:^|^)\s*(?:export\s+)?([\w.-]+)(?:\s*=\s*?|:\s+?)(\s*'(?:\\'|[^'])*'|\s*"(?:\\"|[^"])*"|\s*`(?:\\`|[^`])*`|[^#\r\n]+)?\s*(?:#.*)?(?:$|$)/dgm;

/** Finds the line of each variable of a `.env` text with any line endings, and the lines that dotenv silently skips. */
export function scanDotenv(text: string): {
  /** In order of appearance; the same variable may come twice, dotenv takes the last. */
  readonly assignments: readonly Assignment[];
  readonly unreadLines: readonly number[];
} {
  const source = text.replaceAll(/\r\n?/g, "\n");
  const lineAt = lineCounter(source);
  const assignments: Assignment[] = [];
  const read = new Set<number>();

  for (const match of source.matchAll(assignment)) {
    const [, nameAt, valueAt] = match.indices ?? [];
    if (nameAt === undefined) continue;
    const raw = match[2] ?? "";
    const quoted = /^\s*(['"`])[\s\S]*\1\s*$/.test(raw) && raw.trim().length > 1;
    const afterName = source.slice(nameAt[1], match.index + match[0].length);
    const valueEnd = valueAt?.[1] ?? 0;
    const line = lineAt(nameAt[0]);
    assignments.push({
      variable: match[1] ?? "",
      line,
      cutByHash:
        valueAt === undefined ? /^\s*=#/.test(afterName) : !quoted && source[valueEnd] === "#" && !/\s$/.test(raw),
      strayQuote: !quoted && /^\s*['"`]/.test(raw),
      written: raw.trim(),
    });
    const last = lineAt(match.index + match[0].trimEnd().length - 1);
    for (let one = line; one <= last; one += 1) read.add(one);
  }

  const unreadLines = source
    .split("\n")
    .map((line, index) => ({ line: line.trim(), number: index + 1 }))
    .filter(({ line, number }) => line !== "" && !line.startsWith("#") && !read.has(number))
    .map(({ number }) => number);
  return { assignments, unreadLines };
}

/** The line that holds an offset, counted from 1. Each offset that is asked for is at or after the one before. */
function lineCounter(source: string): (offset: number) => number {
  let [at, line] = [0, 1];
  return (offset) => {
    for (; at < offset; at += 1) if (source[at] === "\n") line += 1;
    return line;
  };
}

/** Words by which a file says that its values are samples, in any place of its name: `.env.dev.example`, `sample.env`. */
const exampleWord = /(?:^|[._-])(?:examples?|samples?|templates?|tmpl|tpl|dist|skeleton)(?=[._-]|$)/i;

/** Whether a path names a file of variables: `.env`, `.env.local`, `dev.env`, and examples of those. */
export function isDotenvFile(path: string): boolean {
  return /^\.env(?:[._-].+)?$|\.env$/.test(basename(path));
}

/** Whether a path names a file of sample values, which people commit on purpose. */
export function isExampleFile(path: string): boolean {
  return exampleWord.test(basename(path));
}

/** One case throughout, words of a length that people write: `GHCR_TOKEN`, `langfuse.secret-key`. */
const variableLike = /^(?:[A-Z][A-Z0-9]{0,23}(?:[_.-]+[A-Z0-9]{1,24})*|[a-z][a-z0-9]{0,23}(?:[_.-]+[a-z0-9]{1,24})*)$/;

/** A name as messages may show it: dotenv can read a line of a long value, such as Base64 with `=`, as a variable. */
export function shownName(variable: string): string {
  return variable.length <= 80 && variableLike.test(variable) ? variable : "(a name that looks like part of a value)";
}

/** The different characters that match, such as `U+200B, U+00A0`; empty if there are none. */
export function codePoints(text: string, wanted: RegExp): string {
  const codes = [...text.matchAll(wanted)].map(([character]) => character.codePointAt(0) ?? 0);
  return [...new Set(codes)].map((code) => `U+${code.toString(16).toUpperCase().padStart(4, "0")}`).join(", ");
}

/** What keyboards and editors write instead of `=`. */
const likeEquals = /[=\uFF1D\uFE66]/u;

/** The characters that keep dotenv from reading a line as `NAME=value`: code points, or empty if there are none. */
function unusableInName(line: string): string {
  const end = line.search(likeEquals);
  return end < 0 ? "" : codePoints(line.slice(0, end + 1), /[^\u0020-\u007E\t]/gu);
}
