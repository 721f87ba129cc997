import { inspect } from "node:util";

/**
 * A secret's value. It cannot be printed by accident: template strings, JSON, `util.inspect` and console all give
 * `[redacted]`. {@link Redacted.reveal} is the one way out; `grep -rn 'reveal()'` lists every exit.
 */
export class Redacted {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value in clear. Call it where it leaves the process, never to build a message. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return "[redacted]";
  }

  toJSON(): string {
    return "[redacted]";
  }

  [inspect.custom](): string {
    return "[redacted]";
  }
}
