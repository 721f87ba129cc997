/** Items with the same key, each later one with the first; items without a key are passed over. */
export function repeated<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string | undefined,
): readonly (readonly [key: string, first: Item, second: Item])[] {
  const firsts = new Map<string, Item>();
  return items.flatMap((item) => {
    const key = keyOf(item);
    const first = key === undefined ? undefined : firsts.get(key);
    if (key === undefined) return [];
    if (first !== undefined) return [[key, first, item] as const];
    firsts.set(key, item);
    return [];
  });
}
