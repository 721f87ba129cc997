import type { BootstrapPhase } from "../domain/bootstrap-config.ts";

type Field = string | number | boolean | readonly string[] | Readonly<Record<string, number>> | undefined;

export type Fields = Readonly<Record<string, Field>>;

/** One JSON object a line. Its callers pass names, counts and times; the type has no room for a `Redacted`. */
export class Log {
  readonly #write: (line: string) => void;
  readonly #runId: string;
  #phase: BootstrapPhase | undefined;

  constructor(write: (line: string) => void, runId: string) {
    this.#write = write;
    this.#runId = runId;
  }

  enter(phase: BootstrapPhase): void {
    this.#phase = phase;
    this.info("phase");
  }

  get phase(): BootstrapPhase | undefined {
    return this.#phase;
  }

  info(event: string, fields: Fields = {}): void {
    this.#line("info", event, fields);
  }

  warn(event: string, fields: Fields = {}): void {
    this.#line("warn", event, fields);
  }

  error(event: string, fields: Fields = {}): void {
    this.#line("error", event, fields);
  }

  #line(level: "info" | "warn" | "error", event: string, fields: Fields): void {
    const head = { time: new Date().toISOString(), level, runId: this.#runId, phase: this.#phase, event };
    this.#write(`${JSON.stringify({ ...head, ...fields })}\n`);
  }
}
