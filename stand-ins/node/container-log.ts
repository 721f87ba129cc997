import { EventEmitter, once } from "node:events";
import { createReadStream, createWriteStream, openSync, type WriteStream } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/** Options of `kubectl logs`. */
export interface LogQuery {
  readonly follow?: boolean;
  readonly tailLines?: number | undefined;
  /** ISO 8601. */
  readonly since?: string;
  readonly timestamps?: boolean;
}

/** One file per container, in the format of container runtimes: `2026-01-02T03:04:05.678Z stdout F text`. */
export class ContainerLog {
  readonly #path: string;
  readonly #file: WriteStream;
  readonly #growth = new EventEmitter().setMaxListeners(0);
  readonly #streams: Promise<void>[] = [];
  #open = true;

  constructor(path: string) {
    this.#path = path;
    // opened at once: a reader before the first line gets an empty log, not an error
    this.#file = createWriteStream(path, { fd: openSync(path, "w", 0o600) });
  }

  copy(stream: Readable, name: "stdout" | "stderr"): void {
    const copied = async (): Promise<void> => {
      for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) {
        this.#file.write(`${new Date().toISOString()} ${name} F ${line}\n`, () => this.#growth.emit("growth"));
      }
    };
    this.#streams.push(copied());
  }

  /** Waits for the streams' ends and the disk. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#streams);
    this.#file.end();
    await once(this.#file, "close");
    this.#open = false;
    this.#growth.emit("growth");
  }

  /** Yields lines with their line ends; with `follow`, until the container has ended or `signal` aborts. */
  async *read(query: LogQuery, signal: AbortSignal): AsyncGenerator<string> {
    let next = 0;
    for (let { tailLines } = query; ; tailLines = undefined) {
      const isOpen = this.#open; // before the read: what is written after it is found in the next round
      const growth =
        isOpen && query.follow === true ? once(this.#growth, "growth", { signal }).catch(() => undefined) : undefined;
      const { lines, end } = await linesOf(this.#path, next, { ...query, tailLines });
      next = end;
      yield* lines;
      if (growth === undefined || signal.aborted) return;
      await growth;
      if (signal.aborted) return;
    }
  }
}

export async function* readStoredLog(path: string, query: LogQuery): AsyncGenerator<string> {
  yield* (await linesOf(path, 0, query)).lines;
}

/** For a termination message: at most 80 lines and 2,048 bytes, as in a kubelet. */
export async function tailOfLog(path: string): Promise<string> {
  const { lines } = await linesOf(path, 0, { tailLines: 80 });
  return Buffer.from(lines.join("")).subarray(-2048).toString("utf8");
}

/** Whole lines only. @param start - offset in bytes. @returns the lines, and the offset after them. */
async function linesOf(path: string, start: number, { since, timestamps, tailLines }: LogQuery) {
  const lines: string[] = [];
  let end = start;
  let rest = "";
  for await (const chunk of createReadStream(path, { start, encoding: "utf8" })) {
    const whole = (rest + String(chunk)).split("\n");
    rest = whole.pop() ?? "";
    for (const line of whole) {
      end += Buffer.byteLength(line) + 1;
      const [time = ""] = line.split(" ", 1);
      if (since !== undefined && Date.parse(time) < Date.parse(since)) continue;
      const text = line.slice(line.indexOf(" F ") + 3);
      lines.push(timestamps === true ? `${time} ${text}\n` : `${text}\n`);
    }
  }
  return {
    lines: tailLines === undefined ? lines : lines.slice(lines.length - Math.min(tailLines, lines.length)),
    end,
  };
}
