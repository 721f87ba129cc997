import { EventEmitter, once } from "node:events";
import { createReadStream, createWriteStream, openSync, type WriteStream } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/** What `kubectl logs` may ask for. */
export interface LogQuery {
  readonly follow?: boolean;
  readonly tailLines?: number;
  /** ISO 8601; lines before it are left out. */
  readonly since?: string;
  readonly timestamps?: boolean;
}

/**
 * The output of one container, one file, each line with its time and stream as container runtimes write it:
 * `2026-01-02T03:04:05.678Z stdout F text`.
 */
export class ContainerLog {
  readonly #path: string;
  readonly #file: WriteStream;
  readonly #growth = new EventEmitter().setMaxListeners(0);
  readonly #streams: Promise<void>[] = [];
  #open = true;

  constructor(path: string) {
    this.#path = path;
    // opened at once: who reads it before the first line meets an empty log, not an absent one
    this.#file = createWriteStream(path, { fd: openSync(path, "w", 0o600) });
  }

  /** Copies a stream into the log until it ends. */
  copy(stream: Readable, name: "stdout" | "stderr"): void {
    const copied = async (): Promise<void> => {
      for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) {
        this.#file.write(`${new Date().toISOString()} ${name} F ${line}\n`, () => this.#growth.emit("growth"));
      }
    };
    this.#streams.push(copied());
  }

  /** Waits for the streams' ends and the disk; nothing is added afterwards. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#streams);
    this.#file.end();
    await once(this.#file, "close");
    this.#open = false;
    this.#growth.emit("growth");
  }

  /** Yields lines with their ends; with `follow`, until the container has ended or `signal` aborts. */
  async *read(query: LogQuery, signal: AbortSignal): AsyncGenerator<string> {
    let read = 0;
    let kept: string[] = [];
    for (let first = true; ; first = false) {
      const open = this.#open; // before the read: what is written after it is found in the next round
      const growth =
        open && query.follow === true ? once(this.#growth, "growth", { signal }).catch(() => undefined) : undefined;
      const lines: string[] = [];
      for await (const line of linesOf(this.#path, read)) {
        read += Buffer.byteLength(line) + 1;
        const shown = shownLine(line, query);
        if (shown !== undefined) lines.push(shown);
      }
      kept = first && query.tailLines !== undefined ? lastOf(lines, query.tailLines) : lines;
      yield* kept;
      if (growth === undefined || signal.aborted) return;
      await growth;
      if (signal.aborted) return;
    }
  }
}

/** Yields the stored lines of a log that no one writes any more. */
export async function* readStoredLog(path: string, query: LogQuery): AsyncGenerator<string> {
  const lines: string[] = [];
  for await (const line of linesOf(path, 0)) {
    const shown = shownLine(line, query);
    if (shown !== undefined) lines.push(shown);
  }
  yield* query.tailLines === undefined ? lines : lastOf(lines, query.tailLines);
}

/** The end of a log as a termination message: at most 80 lines and 2,048 bytes, a kubelet's own bounds. */
export async function tailOfLog(path: string): Promise<string> {
  const lines: string[] = [];
  for await (const line of readStoredLog(path, { tailLines: 80 })) lines.push(line);
  return Buffer.from(lines.join("")).subarray(-2048).toString("utf8");
}

function lastOf(lines: readonly string[], count: number): string[] {
  return count === 0 ? [] : lines.slice(-count);
}

function shownLine(line: string, { since, timestamps }: LogQuery): string | undefined {
  const [time = ""] = line.split(" ", 1);
  if (since !== undefined && Date.parse(time) < Date.parse(since)) return undefined;
  const text = line.slice(line.indexOf(" F ") + 3);
  return timestamps === true ? `${time} ${text}\n` : `${text}\n`;
}

/** Whole lines only, from an offset in bytes. */
async function* linesOf(path: string, start: number): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of createReadStream(path, { start, encoding: "utf8" })) {
    const lines = (rest + String(chunk)).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}
