import { appendFileSync, readFileSync, writeFileSync } from "node:fs";

/**
 * Which resources these providers created. An update that was killed between a creation and its state leaves a resource
 * that the next update would refuse as owned by something else; the journal identifies it. Azure and Vault keep no such mark
 * themselves; Kubernetes does (its field managers).
 *
 * One line of JSON each: `["made", id, urn]`, `["gone", id]`. Names only, no value.
 */
export class CreationJournal {
  readonly #file: string | undefined;
  /** Id to the URN of the resource in the program that it was made for. */
  readonly #made: Map<string, string>;

  private constructor(file: string | undefined, made: Map<string, string>) {
    this.#file = file;
    this.#made = made;
  }

  /** @param file - undefined: nothing is remembered beyond this process. A line that was cut off counts for nothing. */
  static open(file: string | undefined): CreationJournal {
    const made = new Map<string, string>();
    for (const line of file === undefined ? [] : linesOf(file)) {
      const [what, id, urn] = entryOf(line);
      if (id === undefined) continue;
      if (what === "made" && urn !== undefined) made.set(id, urn);
      else made.delete(id);
    }
    if (file !== undefined)
      writeFileSync(file, [...made].map((both) => entry("made", ...both)).join(""), { mode: 0o600 });
    return new CreationJournal(file, made);
  }

  /** @returns the URN of the resource that it was made for; undefined for what these providers did not create. */
  createdFor(id: string): string | undefined {
    return this.#made.get(id);
  }

  /** Before the creation: the other way round, a kill between the two would forget it. */
  creating(id: string, urn: string): void {
    this.#made.set(id, urn);
    this.#append(entry("made", id, urn));
  }

  gone(id: string): void {
    if (!this.#made.delete(id)) return;
    this.#append(entry("gone", id));
  }

  #append(line: string): void {
    if (this.#file !== undefined) appendFileSync(this.#file, line);
  }
}

function entry(what: "made" | "gone", id: string, ...urn: string[]): string {
  return `${JSON.stringify([what, id, ...urn])}\n`;
}

function entryOf(line: string): [what?: string, id?: string, urn?: string] {
  try {
    return JSON.parse(line) as [string, string, string?];
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
