import type { Severity } from "../finding.ts";

/** Something about one value; `problem` follows the variable's name and never shows a part of the value. */
export interface Remark {
  readonly code: string;
  readonly severity: Severity;
  readonly problem: string;
  readonly fix: string;
}
