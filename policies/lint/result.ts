import type { Finding } from "../../domain/finding.ts";

/** A finding in a file. `where` is `file:line`. */
export interface LintFinding extends Finding {
  /** Below the path that was linted; `<stdin>` for standard input. */
  readonly file: string;
  /** From 1; the document's first line where nothing nearer is known. */
  readonly line: number;
}

/** A document that no rule judged, or that some rules cannot decide. It is not a finding. */
export interface Skipped {
  readonly file: string;
  readonly line: number;
  readonly reason: string;
}

export interface LintResult {
  /** Worst first, then by file and line. */
  readonly findings: readonly LintFinding[];
  readonly skipped: readonly Skipped[];
  readonly files: number;
  /** YAML and JSON documents, resources of state files, and `.env` files. */
  readonly documents: number;
}

/** @param isStrict - whether a document that was not judged is a failure. @default false */
export function isClean({ findings, skipped }: LintResult, isStrict = false): boolean {
  return !findings.some(({ severity }) => severity === "error") && !(isStrict && skipped.length > 0);
}
