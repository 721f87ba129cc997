import { parse } from "dotenv";
import { foreignInName } from "./characters.ts";
import { isExampleFile } from "./file-names.ts";
import { scanDotenv } from "./scan.ts";
import { shownName } from "./shown.ts";
import type { Finding } from "../finding.ts";
import { shellWord } from "../shell-word.ts";
import type { EnvironmentName } from "../stage.ts";

/** Whether git tracks a file; where it would not say, its words and the repair. */
export type GitAnswer = boolean | { readonly problem: string; readonly fix: string };

export interface DotenvFile {
  /** As the user would write it, such as `.env`. */
  readonly path: string;
  readonly text: string;
  /** Whether git tracks it: then its values are in the history for good. */
  readonly tracked: GitAnswer;
  /** Permission bits, such as 0o600; left out where the system has none. */
  readonly mode?: number;
}

/** A variable with the value that holds after all files are read. */
export interface Variable {
  readonly name: string;
  readonly value: string;
  /** `file:line` of the assignment that holds. */
  readonly where: string;
  /** Orders findings: by file, then by line. */
  readonly place: number;
  readonly cutByHash: boolean;
  readonly strayQuote: boolean;
  /** The value as the file has it, with its quotes; left out for a value that is not from a file. */
  readonly written?: string;
}

interface PlacedFinding {
  readonly place: number;
  readonly finding: Finding;
}

/** More lines than any file has, so that `file * this + line` orders by file first. */
const linesPerFile = 10_000_000;

/** The time that dotenv takes grows with the square of a run of blank lines. */
const longestBlank = 1000;

/** Reads all files, a later one over an earlier one; within a file dotenv's rule holds, that the last one wins. */
export function mergeFiles(files: readonly DotenvFile[]): {
  readonly variables: readonly Variable[];
  readonly findings: readonly PlacedFinding[];
} {
  const merged = new Map<string, Variable>();
  const findings: PlacedFinding[] = [];

  for (const [order, { path, text }] of files.entries()) {
    if (text.includes("\0")) continue; // reported by fileFindings
    const blank = text.split(/\S+/).find((run) => run.length > longestBlank);
    if (blank !== undefined) {
      const line = text.slice(0, text.indexOf(blank)).split("\n").length;
      findings.push({ place: order * linesPerFile + line, finding: tooBlank(`${path}:${line}`) });
      continue;
    }
    const values = new Map(Object.entries(parse(text)));
    const { assignments, unreadLines } = scanDotenv(text);
    const firstLines = new Map<string, number>();
    for (const { variable: name, line, ...notes } of assignments) {
      const [where, place] = [`${path}:${line}`, order * linesPerFile + line];
      const first = firstLines.get(name);
      if (first === undefined) firstLines.set(name, line);
      else findings.push({ place, finding: duplicate(shownName(name), `${path}:${first}`, where) });
      const value = values.get(name);
      if (value !== undefined) merged.set(name, { name, value, where, place, ...notes });
    }
    const lines = unreadLines.length === 0 ? [] : text.split(/\r\n?|\n/);
    for (const line of unreadLines) {
      const foreign = foreignInName(lines[line - 1] ?? "");
      findings.push({ place: order * linesPerFile + line, finding: unread(`${path}:${line}`, foreign) });
    }
  }
  return { variables: [...merged.values()].toSorted((a, b) => a.place - b.place), findings };
}

/** What is wrong with the file as such: git tracks it or does not say, or others can read it. */
export function fileFindings(file: DotenvFile, environment: EnvironmentName | "shared"): readonly Finding[] {
  const findings: Finding[] = [];
  if (file.text.includes("\0")) findings.push(notText(file));
  const accepted = isExampleFile(file.path) && environment === "local";
  if (typeof file.tracked === "object" && !accepted) {
    findings.push({
      code: "dotenv-git-unknown",
      stage: "dotenv",
      severity: "error",
      where: file.path,
      subject: file.path,
      problem: `git does not say whether it tracks ${file.path}: ${file.tracked.problem}`,
      fix: file.tracked.fix,
    });
  }
  if (file.tracked === true && !accepted) {
    findings.push({
      code: "dotenv-tracked",
      stage: "dotenv",
      severity: "error",
      where: file.path,
      subject: file.path,
      problem: isExampleFile(file.path)
        ? `${file.path} holds sample values, which only local accepts, not ${environment}`
        : `git tracks ${file.path}, so every value in it is in the history`,
      fix: isExampleFile(file.path)
        ? "give a file with real values, such as --dotenv .env"
        : `git rm --cached ${shellWord(file.path)}, add it to .gitignore, and rotate what it held`,
    });
  }
  if (file.mode !== undefined && (file.mode & 0o077) !== 0 && !isExampleFile(file.path)) {
    findings.push({
      code: "dotenv-readable-by-others",
      stage: "dotenv",
      severity: "warning",
      where: file.path,
      subject: file.path,
      problem: `${file.path} can be read or written by others (mode ${(file.mode & 0o777).toString(8)})`,
      fix: `chmod 600 ${shellWord(file.path)}`,
    });
  }
  return findings;
}

/** UTF-16 as UTF-8 shows it, or no text at all. What is read as text has no NUL. */
function notText({ path, text }: DotenvFile): Finding {
  const isLocked = text.startsWith("\0GITCRYPT");
  const encoding = text.startsWith("\uFFFD\uFFFD") ? "UTF-16" : text.startsWith("\0") ? "UTF-16BE" : "UTF-16LE";
  const [from, copy] = [shellWord(path), shellWord(`${path}.utf8`)];
  return {
    code: "dotenv-not-utf8",
    stage: "dotenv",
    severity: "error",
    where: path,
    subject: path,
    problem: isLocked
      ? `${path} is locked by git-crypt, so no variable can be read`
      : `${path} is ${encoding} or not text at all; dotenv reads UTF-8 and finds no variable in it`,
    fix: isLocked
      ? "git-crypt unlock"
      : `(umask 077 && iconv -f ${encoding} -t UTF-8 ${from} > ${copy}) && mv ${copy} ${from}`,
  };
}

function duplicate(name: string, first: string, second: string): Finding {
  return {
    code: "dotenv-duplicate",
    stage: "dotenv",
    severity: "error",
    where: second,
    subject: name,
    problem: `${name} is set twice, here and at ${first}`,
    fix: "remove one of the two lines",
  };
}

function tooBlank(where: string): Finding {
  return {
    code: "dotenv-too-blank",
    stage: "dotenv",
    severity: "error",
    where,
    subject: where,
    problem: `more than ${longestBlank} spaces and line breaks follow each other here, so the file is not read`,
    fix: "remove the blank lines",
  };
}

/** @param foreign - code points of characters that no name may contain; empty for none. */
function unread(where: string, foreign: string): Finding {
  const reason = "this line is neither NAME=value nor a comment, so dotenv skips it in silence";
  return {
    code: "dotenv-line-unread",
    stage: "dotenv",
    severity: "error",
    where,
    subject: where,
    problem: foreign === "" ? reason : `${reason}; its name contains ${foreign}`,
    fix: "write it as NAME=value, in quotes where the value spans lines, or begin it with #",
  };
}
