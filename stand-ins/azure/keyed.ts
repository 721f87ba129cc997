/** Items by a case-insensitive name or id, as in Azure. In JSON they are a list. */
export class Keyed<T> {
  /** In lower case. */
  readonly keyOf: (item: T) => string;
  readonly #items = new Map<string, T>();
  /** Sorted only when a page is read after a change: 10,000 additions cost one sort. */
  #sorted: readonly string[] | undefined;

  constructor(keyOf: (item: T) => string, items: readonly T[] = []) {
    this.keyOf = (item) => keyOf(item).toLowerCase();
    for (const item of items) this.set(item);
  }

  [Symbol.iterator](): MapIterator<T> {
    return this.#items.values();
  }

  get(key: string): T | undefined {
    return this.#items.get(key.toLowerCase());
  }

  set(item: T): T {
    const key = this.keyOf(item);
    if (!this.#items.has(key)) this.#sorted = undefined;
    this.#items.set(key, item);
    return item;
  }

  delete(item: T): void {
    if (this.#items.delete(this.keyOf(item))) this.#sorted = undefined;
  }

  below(id: string): T[] {
    const scope = `${id.toLowerCase()}/`;
    return [...this].filter((item) => this.keyOf(item).startsWith(scope));
  }

  /** Up to `count` items after `key`, in the order of their keys. @param key - the empty key is before all others */
  after(key: string, count: number): T[] {
    this.#sorted ??= [...this.#items.keys()].sort();
    const start = this.#sorted.findIndex((one) => one > key);
    const keys = start === -1 ? [] : this.#sorted.slice(start, start + count);
    return keys.flatMap((one) => this.#items.get(one) ?? []);
  }

  toJSON(): T[] {
    return [...this];
  }
}
