import { appendFileSync, readFileSync, writeFileSync } from "node:fs";

/**
 * Which resources these providers made. An update that was killed between a creation and its state leaves a resource
 * that the next update would refuse as another's; by the journal it is known again. Azure and Vault keep no such mark
 * themselves; Kubernetes does (its field managers).
 *
 * One line of JSON each: `["made", id]`, `["gone", id]`. Ids only, no value.
 */
export class MadeJournal {
  readonly #file: string | undefined;
  readonly #made: Set<string>;

  private constructor(file: string | undefined, made: Set<string>) {
    this.#file = file;
    this.#made = made;
  }

  /** @param file - undefined: nothing is remembered beyond this process. A line that was cut off counts for nothing. */
  static open(file: string | undefined): MadeJournal {
    const made = new Set<string>();
    for (const line of file === undefined ? [] : linesOf(file)) {
      const [what, id] = entryOf(line);
      if (id === undefined) continue;
      if (what === "made") made.add(id);
      else made.delete(id);
    }
    if (file !== undefined) writeFileSync(file, [...made].map((id) => entry("made", id)).join(""), { mode: 0o600 });
    return new MadeJournal(file, made);
  }

  has(id: string): boolean {
    return this.#made.has(id);
  }

  /** Before the creation: the other way round, a kill between the two would forget it. */
  making(id: string): void {
    this.#made.add(id);
    this.#append(entry("made", id));
  }

  gone(id: string): void {
    if (!this.#made.delete(id)) return;
    this.#append(entry("gone", id));
  }

  #append(line: string): void {
    if (this.#file !== undefined) appendFileSync(this.#file, line);
  }
}

function entry(what: "made" | "gone", id: string): string {
  return `${JSON.stringify([what, id])}\n`;
}

function entryOf(line: string): [what?: string, id?: string] {
  try {
    return JSON.parse(line) as [string, string];
  } catch {
    return [];
  }
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, "utf8").split("\n");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
