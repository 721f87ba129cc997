/**
 * The known name that `name` was probably meant to be, by edit distance. Normalise both sides first where case does not
 * matter.
 * @returns the first of equals; `undefined` if none is within two fifths of the length.
 */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  const counts = countsOf(name);
  let found: string | undefined;
  let limit = Math.max(1, Math.floor(name.length * 0.4));
  for (const candidate of known) {
    // most candidates fall out here, at the cost of one pass
    if (atLeast(name, counts, candidate) > limit) continue;
    const away = distance(name, candidate, limit);
    if (away > limit) continue;
    found = candidate;
    limit = away - 1;
    if (limit < 0) break;
  }
  return found;
}

/** How often each character comes, by the last seven bits of its code: two that share them only make the bound lower. */
function countsOf(text: string): Int32Array {
  const counts = new Int32Array(128);
  for (let at = 0; at < text.length; at += 1) count(counts, text.charCodeAt(at), 1);
  return counts;
}

function count(counts: Int32Array, code: number, change: number): number {
  const before = counts[code & 127] ?? 0;
  counts[code & 127] = before + change;
  return before;
}

/** A bound that no edit distance is below: the characters that one of the two has and the other has not. */
function atLeast(name: string, counts: Int32Array, candidate: string): number {
  let extra = 0;
  for (let at = 0; at < candidate.length; at += 1) {
    if (count(counts, candidate.charCodeAt(at), -1) <= 0) extra += 1;
  }
  for (let at = 0; at < candidate.length; at += 1) count(counts, candidate.charCodeAt(at), 1);
  return Math.max(extra, name.length - (candidate.length - extra));
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
