import { safeText } from "../domain/safe-text.ts";

/**
 * Where a command prints: results to `out`, progress and warnings to `err`, so that `--json` and pipes stay clean.
 */
export interface Io {
  /** One line, or several, of the result. */
  out(text: string): void;
  /** One line of progress, warning or error. */
  err(text: string): void;
  /** Whether `err` shows colours. */
  readonly interactive: boolean;
  /** Width of the terminal that `out` is. @default - not a terminal, no limit */
  readonly columns?: number;
  /** Width of the terminal that `err` is. @default - not a terminal, no limit */
  readonly errColumns?: number;
}

export const processIo: Io = {
  out: (text) => void process.stdout.write(`${printable(text)}\n`),
  err: (text) => void process.stderr.write(`${printable(text)}\n`),
  interactive: process.stderr.isTTY === true && process.stderr.hasColors(), // NO_COLOR, FORCE_COLOR, TERM=dumb
  ...(process.stdout.isTTY === true ? { columns: process.stdout.columns } : {}),
  ...(process.stderr.isTTY === true ? { errColumns: process.stderr.columns } : {}),
};

/**
 * Printed text may quote what others wrote into the cluster, such as Events and logs. Their control characters could
 * retitle a terminal, hide lines or type into it, so each is printed as its escape. Our own colours ({@link style}) stay.
 */
export function printable(text: string): string {
  return safeText(text, (rest) => ourStyles.some((code) => rest.startsWith(code)));
}

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;
const ourStyles = [0, ...Object.values(codes)].map((code) => `\u001B[${code}m`);

/** Styled text on a terminal, plain text elsewhere. */
export function style(io: Io, kind: keyof typeof codes, text: string): string {
  return io.interactive ? `\u001B[${codes[kind]}m${text}\u001B[0m` : text;
}
