import { inspect } from "node:util";

const alive = new Set<WeakRef<Redacted>>();
const forgotten = new FinalizationRegistry<WeakRef<Redacted>>((one) => alive.delete(one));

/** Values that this process still holds: whatever leaves it can be searched for them. */
export function valuesInMemory(): ReadonlySet<string> {
  return new Set([...alive].flatMap((one) => one.deref()?.reveal() ?? []));
}

/** A secret's value, which cannot be printed by accident. {@link Redacted.reveal} is the one way out. */
export class Redacted {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
    const reference = new WeakRef<Redacted>(this);
    alive.add(reference);
    forgotten.register(this, reference);
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
