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

export interface Scan {
  /** In order of appearance; the same variable may come twice, dotenv takes the last. */
  readonly assignments: readonly Assignment[];
  /** Lines that hold something, which dotenv neither reads as an assignment nor skips as a comment. */
  readonly unreadLines: readonly number[];
}

/**
 * The regular expression by which dotenv 18 finds assignments, to the letter; values are read by dotenv itself.
 * That both agree for any text is a property test (tests/domain/dotenv/scan.test.ts).
 */
const assignment =
  /(?:^|^)\s*(?:export\s+)?([\w.-]+)(?:\s*=\s*?|:\s+?)(\s*'(?:\\'|[^'])*'|\s*"(?:\\"|[^"])*"|\s*`(?:\\`|[^`])*`|[^#\r\n]+)?\s*(?:#.*)?(?:$|$)/dgm;

/**
 * Where each variable of a `.env` text stands, and which lines dotenv passes over in silence.
 *
 * @param text - with any of the three line endings; each counts as one line.
 */
export function scanDotenv(text: string): Scan {
  const source = text.replaceAll(/\r\n?/g, "\n");
  const lines = lineStarts(source);
  const assignments: Assignment[] = [];
  const read = new Set<number>();

  for (const match of source.matchAll(assignment)) {
    const [, nameAt, valueAt] = match.indices ?? [];
    if (nameAt === undefined) continue;
    const raw = match[2] ?? "";
    const quoted = /^\s*(['"`])[\s\S]*\1\s*$/.test(raw) && raw.trim().length > 1;
    const afterName = source.slice(nameAt[1], match.index + match[0].length);
    const valueEnd = valueAt?.[1] ?? 0;
    assignments.push({
      variable: match[1] ?? "",
      line: lineAt(lines, nameAt[0]),
      cutByHash:
        valueAt === undefined ? /^\s*=#/.test(afterName) : !quoted && source[valueEnd] === "#" && !/\s$/.test(raw),
      strayQuote: !quoted && /^\s*['"`]/.test(raw),
      written: raw.trim(),
    });
    const lastCharacter = Math.max(match.index, match.index + match[0].trimEnd().length - 1);
    for (let line = lineAt(lines, nameAt[0]); line <= lineAt(lines, lastCharacter); line += 1) read.add(line);
  }

  const unreadLines = source
    .split("\n")
    .map((line, index) => ({ line: line.trim(), number: index + 1 }))
    .filter(({ line, number }) => line !== "" && !line.startsWith("#") && !read.has(number))
    .map(({ number }) => number);
  return { assignments, unreadLines };
}

/** Offsets at which lines begin. */
function lineStarts(source: string): readonly number[] {
  const starts = [0];
  for (let at = source.indexOf("\n"); at !== -1; at = source.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

/** Line that holds `offset`, counted from 1; by halving, since files of thousands of lines are scanned. */
function lineAt(starts: readonly number[], offset: number): number {
  let [low, high] = [0, starts.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low + 1;
}
