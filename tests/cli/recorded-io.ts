import type { Io } from "../../cli/io.ts";

/** What a command printed, line by line as it printed it. */
export interface RecordedIo extends Io {
  readonly printed: { readonly out: string[]; readonly err: string[] };
}

/** An {@link Io} that keeps what is printed. @param interactive - whether it plays a terminal. */
export function recordedIo(interactive = false): RecordedIo {
  const printed = { out: [] as string[], err: [] as string[] };
  return {
    printed,
    interactive,
    out: (text) => void printed.out.push(text),
    err: (text) => void printed.err.push(text),
  };
}
