/**
 * The known name that `name` probably means, by edit distance. Normalise both first where case does not matter.
 * @returns the first of equals; `undefined` if none is within two fifths of the length.
 */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  let found: string | undefined;
  let limit = Math.max(1, Math.floor(name.length * 0.4));
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) > limit) continue;
    const away = distance(name, candidate, limit);
    if (away > limit) continue;
    found = candidate;
    limit = away - 1;
    if (limit < 0) break;
  }
  return found;
}

/** Edit distance in insertions, deletions, replacements and swaps of neighbours; gives up above `limit`. */
function distance(a: string, b: string, limit: number): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      let best = Math.min(
        (last[column] ?? Infinity) + 1,
        (current[column - 1] ?? Infinity) + 1,
        (last[column - 1] ?? Infinity) + (same ? 0 : 1),
      );
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) best = Math.min(best, (beforeLast[column - 2] ?? Infinity) + 1);
      current.push(best);
    }
    if (Math.min(...current) > limit) return limit + 1;
    beforeLast = last;
    last = current;
  }
  return last[b.length] ?? limit + 1;
}
