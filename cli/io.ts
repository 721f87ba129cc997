import { valuesInMemory } from "../domain/redacted.ts";
import { safeText } from "../domain/safe-text.ts";
import { redactionOf, type Redaction } from "../domain/redaction.ts";

/**
 * Where a command prints: results to `out`, everything that is said on the way to `err`, so that `--json` and pipes
 * stay clean. Tests hand in their own.
 */
export interface Io {
  /** One line, or several, of the result. */
  out(text: string): void;
  /** One line of progress, warning or error. */
  err(text: string): void;
  /** Whether colours and redrawn lines are welcome on `err`. */
  readonly interactive: boolean;
  /** Of the terminal that `out` is. @default - it is none, and no line is too long */
  readonly columns?: number;
}

export const processIo: Io = {
  out: (text) => void process.stdout.write(`${printable(text)}\n`),
  err: (text) => void process.stderr.write(`${printable(text)}\n`),
  interactive: process.stderr.isTTY === true && process.env["NO_COLOR"] === undefined,
  ...(process.stdout.isTTY === true ? { columns: process.stdout.columns } : {}),
};

/**
 * What is printed may quote what others wrote into the cluster, such as Events and logs: no control character of theirs may
 * reach a terminal, where it could retitle the window, hide lines or type into it. Each is shown by its escape. Our own
 * colours ({@link style}) stay.
 */
export function printable(text: string): string {
  return safeText(text, (rest) => ourStyles.some((code) => rest.startsWith(code)));
}

/**
 * Without any value that this process holds. Errors and progress quote what servers, the engine and logs of pods say, and
 * these may quote a value; results come from data that is free of values (see `withoutValues`).
 *
 * A value that reads like a name (`ameide-bot`) stays: our own texts contain such words, and a fix must work as printed.
 */
export function withoutValuesInMemory(text: string): string {
  const values = [...valuesInMemory()].filter((value) => !/^[a-z]+(?:-[a-z\d]+)*$/.test(value));
  const isSame = values.length === made.values.length && values.every((value, index) => value === made.values[index]);
  if (!isSame) made = { values, redaction: redactionOf(values) };
  return made.redaction(text);
}

/** The last one: values are few and change seldom, lines are many. */
let made: { readonly values: readonly string[]; readonly redaction: Redaction } = {
  values: [],
  redaction: (text) => text,
};

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;
const ourStyles = [0, ...Object.values(codes)].map((code) => `\u001B[${code}m`);

/** Dim, bold and the like on a terminal; the bare text elsewhere. */
export function style(io: Io, kind: keyof typeof codes, text: string): string {
  return io.interactive ? `\u001B[${codes[kind]}m${text}\u001B[0m` : text;
}
