import { safeText } from "../domain/safe-text.ts";

/** Results go to `out`, progress and warnings to `err`, so that `--json` and pipes stay clean. */
export interface Io {
  out(text: string): void;
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

/** Quoted Events and logs could retitle a terminal or hide lines: control characters are escaped, except our colours. */
export function printable(text: string): string {
  return safeText(text, (rest) => ourStyles.some((code) => rest.startsWith(code)));
}

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;
const ourStyles = [0, ...Object.values(codes)].map((code) => `\u001B[${code}m`);

export function style(io: Io, kind: keyof typeof codes, text: string): string {
  return io.interactive ? `\u001B[${codes[kind]}m${text}\u001B[0m` : text;
}
