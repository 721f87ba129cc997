import { AzureError } from "./azure-error.ts";
import type { AzureRequest } from "./http.ts";

/** Key Vault's own bound and default. */
const maxResults = 25;

interface Page<T> {
  readonly items: readonly T[];
  readonly next?: string;
}

/** The paging of one request: `maxresults` and the `$skiptoken` that the page before handed out. */
export class Paging {
  /** Key of the last item of the page before; empty on the first. */
  readonly after: string;
  readonly size: number;
  readonly #address: URL;

  /** @throws AzureError 400 BadParameter. */
  constructor(origin: string, { path, query }: AzureRequest) {
    const size = Number(query.get("maxresults") ?? maxResults);
    if (!Number.isInteger(size) || size < 1 || size > maxResults) {
      throw AzureError.keyVault(400, "BadParameter", `The value of maxresults must be between 1 and ${maxResults}.`);
    }
    this.size = size;
    this.after = Buffer.from(query.get("$skiptoken") ?? "", "base64url").toString();
    this.#address = new URL(path, origin);
    this.#address.search = query.toString();
  }

  /** One page of what is all at hand, in the order of the keys, as Key Vault orders versions: not by time. */
  of<T>(all: readonly T[], keyOf: (item: T) => string): Page<T> {
    const rest = all.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)).filter((item) => keyOf(item) > this.after);
    const items = rest.slice(0, this.size);
    const last = items.at(-1);
    return rest.length > this.size && last !== undefined ? { items, next: keyOf(last) } : { items };
  }

  answer<T>({ items, next }: Page<T>, document: (item: T) => unknown) {
    return { value: items.map(document), nextLink: next === undefined ? null : this.#nextLink(next) };
  }

  #nextLink(next: string): string {
    const address = new URL(this.#address);
    address.searchParams.set("$skiptoken", Buffer.from(next).toString("base64url"));
    return address.href;
  }
}

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
