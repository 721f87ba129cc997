/** A set of names that is read in order. Sorted when read after a change, so that 10,000 additions cost one sort. */
export class SortedNames {
  readonly #names = new Set<string>();
  #sorted: readonly string[] | undefined;

  add(name: string): void {
    if (this.#names.has(name)) return;
    this.#names.add(name);
    this.#sorted = undefined;
  }

  delete(name: string): void {
    if (this.#names.delete(name)) this.#sorted = undefined;
  }

  /** Up to `count` names that come after `name`; the empty name comes before all. */
  after(name: string, count: number): readonly string[] {
    this.#sorted ??= [...this.#names].sort();
    const start = firstAfter(this.#sorted, name);
    return this.#sorted.slice(start, start + count);
  }
}

function firstAfter(sorted: readonly string[], name: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? "") <= name) low = middle + 1;
    else high = middle;
  }
  return low;
}
