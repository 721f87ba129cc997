import { style, type Io } from "./io.ts";

/** Prints each phase of a command and measures how long it took. */
export class Phases {
  readonly #io: Io;
  readonly #signal: AbortSignal;
  readonly #took: { readonly name: string; readonly seconds: number }[] = [];
  readonly #start = performance.now();

  constructor(io: Io, signal: AbortSignal) {
    this.#io = io;
    this.#signal = signal;
  }

  /** Runs one phase and prints how it ended, with `closing`; after two seconds it prints that the phase is running. */
  async run<T>(
    name: string,
    work: (tell: (text: string) => void) => Promise<T>,
    closing?: (result: T) => string,
  ): Promise<T> {
    this.#signal.throwIfAborted();
    const start = performance.now();
    const seconds = () => (performance.now() - start) / 1000;
    const dim = (text: string) => style(this.#io, "dim", text);
    const tell = (text: string) => this.#io.err(dim(`      ${text}`));
    const slow = setTimeout(tell, 2_000, `${name} ...`);
    try {
      const result = await work(tell);
      this.#took.push({ name, seconds: seconds() });
      const detail = closing?.(result) ?? "";
      const line = `${style(this.#io, "green", "ok")}    ${name}${detail === "" ? "" : `: ${detail}`}`;
      this.#io.err(`${line} ${dim(`(${seconds().toFixed(1)} s)`)}`);
      return result;
    } catch (error) {
      this.#io.err(`${style(this.#io, "red", "FAIL")}  ${name} ${dim(`(${seconds().toFixed(1)} s)`)}`);
      throw error;
    } finally {
      clearTimeout(slow);
    }
  }

  /** Seconds of each phase in order, and in total; for `--json` and benchmarks. */
  get timings() {
    return { phases: this.#took, total: (performance.now() - this.#start) / 1000 };
  }
}
