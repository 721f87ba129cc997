import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";

/**
 * An update that was killed between a creation and its state leaves a resource that the next update would refuse as
 * owned by something else. The journal identifies it, since Azure and Vault have no field managers.
 *
 * One line of JSON each, without values: `["made", id, urn]`, `["gone", id]`.
 */
export class CreationJournal {
  readonly #file: string | undefined;
  /** Id to URN. */
  readonly #created = new Map<string, string>();

  /** @param file - undefined: nothing is remembered beyond this process. An incomplete line is ignored. */
  constructor(file: string | undefined) {
    this.#file = file;
    if (file === undefined) return;
    for (const line of existsSync(file) ? readFileSync(file, "utf8").split("\n") : []) {
      const [what, id, urn] = entryOf(line);
      if (id === undefined) continue;
      if (what === "made" && urn !== undefined) this.#created.set(id, urn);
      else this.#created.delete(id);
    }
    writeFileSync(file, [...this.#created].map((both) => entry("made", ...both)).join(""), { mode: 0o600 });
  }

  /** @returns the URN; undefined for what these providers did not create. */
  createdFor(id: string): string | undefined {
    return this.#created.get(id);
  }

  /** Call it before the creation: otherwise a kill between the two would lose the entry. */
  creating(id: string, urn: string): void {
    this.#created.set(id, urn);
    this.#append(entry("made", id, urn));
  }

  gone(id: string): void {
    if (this.#created.delete(id)) this.#append(entry("gone", id));
  }

  #append(line: string): void {
    if (this.#file !== undefined) appendFileSync(this.#file, line);
  }
}

function entry(...parts: string[]): string {
  return `${JSON.stringify(parts)}\n`;
}

function entryOf(line: string): readonly (string | undefined)[] {
  try {
    return JSON.parse(line) as string[];
  } catch {
    return [];
  }
}
